"""An authorizer that writes down what it is asked and answers as it is told."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from logcore.broker.authorizer import CLUSTER_NAME, Authorizer, Operation, ResourceType
from logcore.broker.context import RequestContext
from tests.broker.running import Running

Pair = tuple[Operation, ResourceType]
Allowed = Callable[[Operation, ResourceType, str], bool]


@dataclass
class Recording:
    """What was asked.

    Attributes:
        allowed: Says yes or no.
        loud: Where a no is a refusal.
        quiet: Where a no is none.
        names: Which resources were named.
    """

    allowed: Allowed
    loud: set[Pair] = field(default_factory=set)
    quiet: set[Pair] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def allows(
        self,
        context: RequestContext,  # noqa: ARG002 - the question's whole form
        operation: Operation,
        resource_type: ResourceType,
        name: str = CLUSTER_NAME,
        *,
        is_quiet: bool = False,
    ) -> bool:
        (self.quiet if is_quiet else self.loud).add((operation, resource_type))
        self.names.add(name)
        return self.allowed(operation, resource_type, name)

    def allows_any(
        self,
        context: RequestContext,  # noqa: ARG002
        operation: Operation,
        resource_type: ResourceType,
    ) -> bool:
        self.loud.add((operation, resource_type))
        return self.allowed(operation, resource_type, "any")


def everything(*_: object) -> bool:
    return True


def nothing(*_: object) -> bool:
    return False


def all_but(denied: ResourceType) -> Allowed:
    return lambda _, resource_type, __: resource_type != denied


@contextlib.contextmanager
def recording(running: Running, allowed: Allowed) -> Iterator[Recording]:
    """Have an authorizer answer until the block ends."""
    parts = running.broker.parts
    before: Authorizer = parts.authorizer
    recorded = Recording(allowed)
    running.call(setattr, parts, "authorizer", recorded)
    try:
        yield recorded
    finally:
        running.call(setattr, parts, "authorizer", before)
