"""DescribeConfigs: every setting of resources, with sources, synonyms, types and documentation.

Versions: 1 to 4; from 3 on types and documentation, 4 is flexible. A broker without a name has only
what was set of all brokers at run time. Passwords are never told.
"""

from logcore.broker.authorizer import Operation
from logcore.broker.config import loggers
from logcore.broker.config.access import check_allowed, check_node, check_topic_name
from logcore.broker.config.describe import (
    ConfigEntry,
    Source,
    describe_broker,
    describe_broker_defaults,
    describe_client_metrics,
    describe_group,
    describe_topic,
)
from logcore.broker.config.resources import (
    BROKER_LOGGER_RESOURCE,
    BROKER_RESOURCE,
    GROUP_RESOURCE,
    TOPIC_RESOURCE,
)
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import InvalidRequestError, KafkaError, UnknownTopicOrPartitionError
from logcore.protocol.messages.describe_configs import (
    DescribeConfigsRequest,
    DescribeConfigsResource,
    DescribeConfigsResourceResult,
    DescribeConfigsResponse,
    DescribeConfigsResult,
    DescribeConfigsSynonym,
)


def handle(
    parts: Parts, request: DescribeConfigsRequest, context: RequestContext
) -> DescribeConfigsResponse:
    """Describe each resource by itself."""
    results = []
    for resource in request.resources:
        result = DescribeConfigsResult(
            resource_type=resource.resource_type, resource_name=resource.resource_name
        )
        try:
            asked = resource.configuration_keys
            result.configs = [
                _result(resource.resource_type, entry, request)
                for entry in _entries(parts, resource, context)
                if not asked or entry.name in asked
            ]
        except KafkaError as error:
            result.error_code = error.code
            result.error_message = str(error)
        results.append(result)
    return DescribeConfigsResponse(results=results)


def _entries(
    parts: Parts, resource: DescribeConfigsResource, context: RequestContext
) -> list[ConfigEntry]:
    kind, name = resource.resource_type, resource.resource_name
    check_allowed(parts.authorizer, context, Operation.DESCRIBE_CONFIGS, (kind, name))
    configs = parts.configs
    if kind == TOPIC_RESOURCE:
        check_topic_name(name)
        if name not in parts.controller.image.topics_by_name:
            raise UnknownTopicOrPartitionError(f"there is no topic {name}")
        return describe_topic(configs, name)
    if kind == BROKER_RESOURCE:
        if not name:
            return describe_broker_defaults(configs)
        check_node(name, configs.node_name)
        return describe_broker(configs)
    if kind == BROKER_LOGGER_RESOURCE:
        check_node(name, configs.node_name)
        return [
            ConfigEntry(logger, level, Source.DYNAMIC_BROKER_LOGGER)
            for logger, level in loggers.levels().items()
        ]
    if not name:
        raise InvalidRequestError("a resource of this type must be named")
    is_group = kind == GROUP_RESOURCE
    return describe_group(configs, name) if is_group else describe_client_metrics(configs, name)


def _result(
    kind: int, entry: ConfigEntry, request: DescribeConfigsRequest
) -> DescribeConfigsResourceResult:
    result = DescribeConfigsResourceResult(
        name=entry.name,
        value=entry.value,
        read_only=entry.read_only,
        config_source=int(entry.source),
        is_sensitive=entry.is_sensitive,
        config_type=entry.config_type,
        documentation=None,
    )
    if request.include_synonyms:
        result.synonyms = [
            DescribeConfigsSynonym(name=each.name, value=each.value, source=int(each.source))
            for each in entry.synonyms
        ]
    if request.include_documentation:
        from logcore.broker.config.docs import documentation  # noqa: PLC0415 - large, seldom asked

        result.documentation = documentation(kind, entry.name)
    return result
