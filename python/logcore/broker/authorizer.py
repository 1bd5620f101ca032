"""Who may do what: the question that every handler asks, and the answer while nothing is secured.

Invariant: no handler decides by itself; it asks here, with Kafka's operations and resources, and
`authorization.questions` lists what each API asks. The answer here is yes to everybody, as in an
Apache Kafka without ``authorizer.class.name``.
Neighbours: `context` carries the principal; handlers ask; `authorization` answers by access rules.
"""

from typing import Final, Protocol

from logcore.broker.context import RequestContext
from logcore.common.access import Operation, ResourceType

__all__ = [
    "CLUSTER_NAME",
    "SUPPORTED_OPERATIONS",
    "AllowAll",
    "Authorizer",
    "Operation",
    "ResourceType",
    "authorized_operations",
    "operations_on_cluster",
]

CLUSTER_NAME: Final = "kafka-cluster"
"""The name of the one resource of type `ResourceType.CLUSTER`."""


SUPPORTED_OPERATIONS: Final = {
    ResourceType.TOPIC: (
        Operation.READ,
        Operation.WRITE,
        Operation.CREATE,
        Operation.DELETE,
        Operation.ALTER,
        Operation.DESCRIBE,
        Operation.DESCRIBE_CONFIGS,
        Operation.ALTER_CONFIGS,
    ),
    ResourceType.GROUP: (
        Operation.READ,
        Operation.DELETE,
        Operation.DESCRIBE,
        Operation.DESCRIBE_CONFIGS,
        Operation.ALTER_CONFIGS,
    ),
    ResourceType.CLUSTER: (
        Operation.CREATE,
        Operation.ALTER,
        Operation.DESCRIBE,
        Operation.CLUSTER_ACTION,
        Operation.DESCRIBE_CONFIGS,
        Operation.ALTER_CONFIGS,
        Operation.IDEMPOTENT_WRITE,
    ),
    ResourceType.TRANSACTIONAL_ID: (
        Operation.DESCRIBE,
        Operation.WRITE,
        Operation.TWO_PHASE_COMMIT,
    ),
    ResourceType.DELEGATION_TOKEN: (Operation.DESCRIBE,),
    ResourceType.USER: (Operation.CREATE_TOKENS, Operation.DESCRIBE_TOKENS),
}
"""Which operations a resource of a type knows."""


class Authorizer(Protocol):
    """Answers whether a request may do something."""

    def allows(
        self,
        context: RequestContext,
        operation: Operation,
        resource_type: ResourceType,
        name: str = CLUSTER_NAME,
        *,
        is_quiet: bool = False,
    ) -> bool:
        """Return whether it may.

        Args:
            context: Who asks.
            operation: What for.
            resource_type: Of which kind of resource.
            name: Of which one.
            is_quiet: Whether a no is no refusal: where lists are cut down to what may be seen, or
                another permission would do, too. Such a no is not written down.
        """

    def allows_any(
        self, context: RequestContext, operation: Operation, resource_type: ResourceType
    ) -> bool:
        """Return whether it may for any name that a resource of the type could have."""


class AllowAll:
    """Everybody may do everything: what holds until listeners authenticate."""

    def allows(
        self,
        context: RequestContext,  # noqa: ARG002 - the question's whole form
        operation: Operation,  # noqa: ARG002
        resource_type: ResourceType,  # noqa: ARG002
        name: str = CLUSTER_NAME,  # noqa: ARG002
        *,
        is_quiet: bool = False,  # noqa: ARG002
    ) -> bool:
        """Return True."""
        return True

    def allows_any(
        self,
        context: RequestContext,  # noqa: ARG002
        operation: Operation,  # noqa: ARG002
        resource_type: ResourceType,  # noqa: ARG002
    ) -> bool:
        """Return True."""
        return True


def authorized_operations(
    authorizer: Authorizer, context: RequestContext, resource_type: ResourceType, name: str
) -> int:
    """Return the bit set that describe requests answer with: bit n for operation number n."""
    allowed = (
        1 << operation
        for operation in SUPPORTED_OPERATIONS[resource_type]
        if authorizer.allows(context, operation, resource_type, name, is_quiet=True)
    )
    return sum(allowed)


def operations_on_cluster(authorizer: Authorizer, context: RequestContext) -> int:
    """Return the bit set of the cluster; 0 for who may not describe it."""
    if not authorizer.allows(context, Operation.DESCRIBE, ResourceType.CLUSTER):
        return 0
    return authorized_operations(authorizer, context, ResourceType.CLUSTER, CLUSTER_NAME)
