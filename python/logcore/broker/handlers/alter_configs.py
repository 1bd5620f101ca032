"""AlterConfigs: replaces all that is set of resources; what is not named goes back to its default.

Versions: 0 to 2, the last one flexible. IncrementalAlterConfigs is its successor; levels of loggers
can be changed only there.
"""

from functools import partial

from logcore.broker.authorizer import Operation
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
from logcore.protocol.messages.alter_configs import (
    AlterConfigsRequest,
    AlterConfigsResource,
    AlterConfigsResourceResponse,
    AlterConfigsResponse,
)


def handle(
    parts: Parts, request: AlterConfigsRequest, context: RequestContext
) -> Deferred[AlterConfigsResponse]:
    """Change each resource by itself."""
    responses = []
    changes = []
    for resource in request.resources:
        response = AlterConfigsResourceResponse(
            resource_type=resource.resource_type,
            resource_name=resource.resource_name,
            error_message=None,
        )
        responses.append(response)
        try:
            changes.append(_change(parts, resource, context))
        except KafkaError as error:
            response.error_code = error.code
            response.error_message = str(error)
    changed = parts.controller.alter_configs(changes, validate_only=request.validate_only)
    return changed.map(partial(_answer, responses))


def _change(parts: Parts, resource: AlterConfigsResource, context: RequestContext) -> ConfigChange:
    kind, name = resource.resource_type, resource.resource_name
    check_allowed(parts.authorizer, context, Operation.ALTER_CONFIGS, (kind, name))
    if kind == BROKER_LOGGER_RESOURCE:
        raise InvalidRequestError(f"Unknown resource type {kind}")
    check_name((kind, name), parts.configs.node_name)
    changes = [
        KeyChange(config.name, ConfigOperation.SET, config.value) for config in resource.configs
    ]
    return ConfigChange(kind, name, changes, is_replacement=True)


def _answer(
    responses: list[AlterConfigsResourceResponse], outcomes: list[ConfigOutcome]
) -> AlterConfigsResponse:
    errors = {outcome.key: outcome.error for outcome in outcomes}
    for response in responses:
        error = errors.get((response.resource_type, response.resource_name))
        if error is not None and not response.error_code:
            response.error_code = error.code
            response.error_message = str(error)
    return AlterConfigsResponse(responses=responses)
