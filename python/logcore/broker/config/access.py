"""Who may see or change the settings of a resource, and which resources this broker answers for.

Invariant: asked before anything about the resource is told, its existence included.
Neighbours: handlers of configs ask; `logcore.broker.authorizer` answers.
Source: Apache Kafka 4.3.1, `KafkaApis` and `ConfigAdminManager`.
"""

from logcore.broker.authorizer import CLUSTER_NAME, Authorizer, Operation, ResourceType
from logcore.broker.config.resources import (
    BROKER_LOGGER_RESOURCE,
    BROKER_RESOURCE,
    CLIENT_METRICS_RESOURCE,
    GROUP_RESOURCE,
    TOPIC_RESOURCE,
    ResourceKey,
)
from logcore.broker.context import RequestContext
from logcore.common.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    InvalidRequestError,
    InvalidTopicError,
    TopicAuthorizationFailedError,
)
from logcore.controller import topic_names


def check_allowed(
    authorizer: Authorizer, context: RequestContext, operation: Operation, resource: ResourceKey
) -> None:
    """Check that a request may do something with a resource's settings.

    Raises:
        TopicAuthorizationFailedError: If it may not, of a topic; and so on.
        InvalidRequestError: If there are no resources of that type.
    """
    kind, name = resource
    if kind == TOPIC_RESOURCE:
        if not authorizer.allows(context, operation, ResourceType.TOPIC, name):
            raise TopicAuthorizationFailedError(f"not authorized for topic {name}")
    elif kind == GROUP_RESOURCE:
        if not authorizer.allows(context, operation, ResourceType.GROUP, name):
            raise GroupAuthorizationFailedError(f"not authorized for group {name}")
    elif kind in (BROKER_RESOURCE, BROKER_LOGGER_RESOURCE, CLIENT_METRICS_RESOURCE):
        if not authorizer.allows(context, operation, ResourceType.CLUSTER, CLUSTER_NAME):
            raise ClusterAuthorizationFailedError("not authorized for the cluster")
    else:
        raise InvalidRequestError(f"Unknown resource type {kind}")


def check_name(resource: ResourceKey, node_name: str) -> None:
    """Check that a resource may be changed here, going by its name alone.

    Raises:
        InvalidRequestError: If it has no name, or is of another broker.
        InvalidTopicError: If no topic can be called so.
    """
    kind, name = resource
    if kind == TOPIC_RESOURCE:
        if not name:
            raise InvalidRequestError("Default topic resources are not allowed.")
        check_topic_name(name)
    elif kind == BROKER_LOGGER_RESOURCE or (kind == BROKER_RESOURCE and name):
        check_node(name, node_name)


def check_topic_name(name: str) -> None:
    """Check that a topic can be called so.

    Raises:
        InvalidTopicError: If not.
    """
    fault = topic_names.fault_of(name)
    if fault:
        raise InvalidTopicError(fault)


def check_node(name: str, node_name: str) -> None:
    """Check that a broker's or logger's resource is of this broker.

    Raises:
        InvalidRequestError: If it is not.
    """
    if not name.removeprefix("-").isdecimal():
        raise InvalidRequestError(f"Broker id must be an integer, but it is: {name}")
    if int(name) != int(node_name):
        message = f"Unexpected broker id, expected {node_name}, but received {name}"
        raise InvalidRequestError(message)
