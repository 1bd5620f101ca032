"""An authorizer that refuses what a test names, put into a running broker for a while."""

import contextlib
from collections.abc import Iterator

from logcore.broker.authorizer import CLUSTER_NAME, Authorizer, Operation, ResourceType
from logcore.broker.context import RequestContext
from tests.broker.running import Running

ANY_NAME = "any"
"""Stands for the question about any name."""

Refused = tuple[Operation, ResourceType, str]


class Refusing:
    def __init__(self, refused: tuple[Refused, ...]) -> None:
        self.refused = refused

    def allows(
        self,
        context: RequestContext,  # noqa: ARG002 - the question's whole form
        operation: Operation,
        resource_type: ResourceType,
        name: str = CLUSTER_NAME,
        *,
        is_quiet: bool = False,  # noqa: ARG002
    ) -> bool:
        return (operation, resource_type, name) not in self.refused

    def allows_any(
        self,
        context: RequestContext,  # noqa: ARG002
        operation: Operation,
        resource_type: ResourceType,
    ) -> bool:
        return (operation, resource_type, ANY_NAME) not in self.refused


@contextlib.contextmanager
def refusing(running: Running, *refused: Refused) -> Iterator[None]:
    """Refuse operations on resources until the block ends."""
    parts = running.broker.parts
    allowing: Authorizer = parts.authorizer
    running.call(setattr, parts, "authorizer", Refusing(refused))
    try:
        yield
    finally:
        running.call(setattr, parts, "authorizer", allowing)


def on_topic(operation: Operation, name: str) -> Refused:
    return (operation, ResourceType.TOPIC, name)


def on_cluster(operation: Operation) -> Refused:
    return (operation, ResourceType.CLUSTER, CLUSTER_NAME)
