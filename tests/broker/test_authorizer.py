"""The authorizer's question, and the sets that describe requests answer with."""

from typing import Any

from logcore.broker.authorizer import (
    AllowAll,
    Operation,
    ResourceType,
    authorized_operations,
)
from logcore.common.types import override

CONTEXT: Any = None


class OnlyReads(AllowAll):
    @override
    def allows(self, context: Any, operation: Operation, *_: object, **__: object) -> bool:
        del context
        return operation is Operation.READ


def test_everybody_may_do_everything_while_nothing_is_secured():
    assert AllowAll().allows(CONTEXT, Operation.WRITE, ResourceType.TOPIC, "t")


def test_operations_are_told_as_a_bit_set():
    only_read = authorized_operations(OnlyReads(), CONTEXT, ResourceType.TOPIC, "t")
    assert only_read == 1 << 3
    every = authorized_operations(AllowAll(), CONTEXT, ResourceType.GROUP, "g")
    assert every == sum(1 << number for number in (3, 6, 8, 10, 11))
