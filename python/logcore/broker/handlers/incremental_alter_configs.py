"""IncrementalAlterConfigs: sets, deletes, appends to or subtracts from single settings.

Versions: 0 to 1, the last one flexible. Each resource stands or falls by itself. Levels of loggers
are changed here and now; everything else is the controller's.
"""

from collections import Counter
from functools import partial

from logcore.broker.authorizer import Operation
from logcore.broker.config import loggers
from logcore.broker.config.access import check_allowed, check_name
from logcore.broker.config.resources import BROKER_LOGGER_RESOURCE
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.deferred import Deferred
from logcore.common.errors import InvalidRequestError, KafkaError
from logcore.controller.configuration import (
    ConfigChange,
    ConfigOperation,
    ConfigOutcome,
    KeyChange,
)
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    AlterConfigsResourceResponse,
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
)


def handle(
    parts: Parts, request: IncrementalAlterConfigsRequest, context: RequestContext
) -> Deferred[IncrementalAlterConfigsResponse]:
    """Change each resource by itself."""
    responses = []
    changes = []
    times = Counter((each.resource_type, each.resource_name) for each in request.resources)
    for resource in request.resources:
        kind, name = key = resource.resource_type, resource.resource_name
        response = AlterConfigsResourceResponse(
            resource_type=kind, resource_name=name, error_message=None
        )
        responses.append(response)
        try:
            change = _change(parts, resource, context)
            if times[key] > 1:
                raise InvalidRequestError("Each resource must appear at most once.")
            if kind == BROKER_LOGGER_RESOURCE:
                loggers.change(change.changes, validate_only=request.validate_only)
            else:
                changes.append(change)
        except KafkaError as error:
            response.error_code = error.code
            response.error_message = str(error)
    changed = parts.controller.alter_configs(changes, validate_only=request.validate_only)
    return changed.map(partial(_answer, responses))


def _change(parts: Parts, resource: AlterConfigsResource, context: RequestContext) -> ConfigChange:
    kind, name = resource.resource_type, resource.resource_name
    check_allowed(parts.authorizer, context, Operation.ALTER_CONFIGS, (kind, name))
    check_name((kind, name), parts.configs.node_name)
    if len({config.name for config in resource.configs}) < len(resource.configs):
        raise InvalidRequestError("Error due to duplicate config keys")
    return ConfigChange(kind, name, [_key_change(config) for config in resource.configs])


def _key_change(config: AlterableConfig) -> KeyChange:
    try:
        operation = ConfigOperation(config.config_operation)
    except ValueError:
        message = f"Unknown operations type {config.config_operation}"
        raise InvalidRequestError(message) from None
    if config.value is None and operation is not ConfigOperation.DELETE:
        raise InvalidRequestError(f"Null value not supported for : {config.name}")
    return KeyChange(config.name, operation, config.value)


def _answer(
    responses: list[AlterConfigsResourceResponse], outcomes: list[ConfigOutcome]
) -> IncrementalAlterConfigsResponse:
    errors = {outcome.key: outcome.error for outcome in outcomes}
    for response in responses:
        error = errors.get((response.resource_type, response.resource_name))
        if error is not None and not response.error_code:
            response.error_code = error.code
            response.error_message = str(error)
    return IncrementalAlterConfigsResponse(responses=responses)
