"""Groups are described to whom may know of them and of their topics, or told why not."""

from types import SimpleNamespace
from typing import Any

from logcore.broker.authorizer import AllowAll, Operation
from logcore.broker.described_groups import KindOfGroup, described_groups
from logcore.common.errors import GroupIdNotFoundError
from logcore.common.types import override
from logcore.protocol.messages.share_group_describe import DescribedGroup

CONTEXT: Any = None


class Hiding(AllowAll):
    """Lets nobody know of one name."""

    def __init__(self, hidden: str) -> None:
        self.hidden = hidden

    @override
    def allows(self, *asked: Any, **_: Any) -> bool:
        return self.hidden not in asked


def described(authorizer: Any, *group_ids: str, enabled: bool = True) -> list[Any]:
    def describe(_: Any, group_id: str) -> DescribedGroup:
        if group_id == "nobody":
            raise GroupIdNotFoundError("there is no such group")
        return DescribedGroup(group_id=group_id, group_state="Stable")

    kind = KindOfGroup(DescribedGroup, lambda _: enabled, describe, lambda _: ["topic"])
    parts: Any = SimpleNamespace(authorizer=authorizer)
    return described_groups(parts, kind, group_ids, CONTEXT, includes_operations=True)


def test_each_group_has_its_own_answer() -> None:
    groups = described(AllowAll(), "mine", "nobody")
    assert [(group.group_id, group.error_code) for group in groups] == [("mine", 0), ("nobody", 69)]
    assert groups[1].error_message == "there is no such group"
    assert groups[0].authorized_operations & 1 << Operation.DESCRIBE
    assert groups[1].authorized_operations < 0, "told of nothing"


def test_what_the_caller_may_not_know_of() -> None:
    assert [group.error_code for group in described(Hiding("mine"), "mine", "other")] == [30, 0]
    (hidden,) = described(Hiding("topic"), "mine")
    assert hidden.error_code == 29
    assert "topic" in hidden.error_message
    assert not hidden.group_state


def test_a_cluster_without_such_groups() -> None:
    (group,) = described(AllowAll(), "mine", enabled=False)
    assert (group.error_code, group.error_message) == (35, None)
