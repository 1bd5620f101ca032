"""ListConfigResources: names of resources that have, or may have, settings.

Versions: 0 lists subscriptions to metrics of clients only, 1 any type; without types, all of them.
Topics and brokers are listed all, groups and subscriptions where something is set of them.
"""

from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.config.resources import (
    BROKER_LOGGER_RESOURCE,
    BROKER_RESOURCE,
    CLIENT_METRICS_RESOURCE,
    GROUP_RESOURCE,
    TOPIC_RESOURCE,
)
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import ClusterAuthorizationFailedError, UnsupportedVersionError
from logcore.protocol.messages.list_config_resources import (
    ConfigResource,
    ListConfigResourcesRequest,
    ListConfigResourcesResponse,
)

_ALL: Final = (
    TOPIC_RESOURCE,
    BROKER_RESOURCE,
    BROKER_LOGGER_RESOURCE,
    CLIENT_METRICS_RESOURCE,
    GROUP_RESOURCE,
)


def handle(
    parts: Parts, request: ListConfigResourcesRequest, context: RequestContext
) -> ListConfigResourcesResponse:
    """List the names of each type asked for."""
    if not parts.authorizer.allows(context, Operation.DESCRIBE_CONFIGS, ResourceType.CLUSTER):
        raise ClusterAuthorizationFailedError("not authorized to describe the cluster's configs")
    asked = request.resource_types if context.version > 0 else [CLIENT_METRICS_RESOURCE]
    if not set(asked) <= set(_ALL):
        raise UnsupportedVersionError(f"of these types, {asked}, some have no settings")
    wanted = [kind for kind in _ALL if not asked or kind in asked]
    return ListConfigResourcesResponse(
        config_resources=[
            ConfigResource(resource_name=name, resource_type=kind)
            for kind in wanted
            for name in _names(parts, kind)
        ]
    )


def _names(parts: Parts, kind: int) -> list[str]:
    image = parts.controller.image
    if kind == TOPIC_RESOURCE:
        return sorted(image.topics_by_name)
    if kind in (BROKER_RESOURCE, BROKER_LOGGER_RESOURCE):
        return [str(broker) for broker in sorted(image.brokers)]
    return sorted(name for each, name in image.configs if each == kind)
