"""How the records of a kind of modern group find their group, make it, and end it.

Invariant: a tombstone of what is not there is no error, because compaction may have removed the
rest; any record but a tombstone makes its group, in the place of one that only held offsets; the
tombstone of the group's own record removes it.
Neighbours: `consumer_replay`, `share.replay` and `streams.replay` say what each record changes.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from logcore.coordinator.group.modern_group import ModernGroup
from logcore.coordinator.group.state import GroupState, Replayer

NO_TARGET: Final = -1
"""The epoch of a target that was removed."""

G = TypeVar("G", bound=ModernGroup[Any, Any])


def replayers_of(
    kind: type[G],
    state: GroupState,
    apply: Mapping[type[Any], Callable[[G, Any, Any], None]],
    group_key: type[Any],
) -> Mapping[type[Any], Replayer]:
    """Return what applies the records of one kind of group to a shard's state.

    Args:
        kind: The kind of group.
        state: The shard's groups.
        apply: By the class of a record's key, what applies key and value to a group.
        group_key: The class of the key of the group's own record.
    """

    def group_of(group_id: str) -> G | None:
        group = state.groups.get(group_id)
        return group if isinstance(group, kind) else None

    def replayer(apply_one: Callable[[G, Any, Any], None]) -> Replayer:
        def replay(_: int, key: Any, value: Any) -> None:  # noqa: ANN401 - of any kind of record
            group = group_of(key.group_id)
            if group is None:
                if value is None:
                    return
                group = state.groups[key.group_id] = kind(key.group_id)
            apply_one(group, key, value)

        return replay

    made: dict[type[Any], Replayer] = {key: replayer(one) for key, one in apply.items()}
    replay_epoch = made[group_key]

    def replay_group(offset: int, key: Any, value: Any) -> None:  # noqa: ANN401 - as above
        replay_epoch(offset, key, value)
        if value is None and group_of(key.group_id) is not None:
            del state.groups[key.group_id]

    made[group_key] = replay_group
    return made
