"""What the share coordinator knows of one partition of one share group.

Two epochs fence who is late: the state's rises when a group's offsets are set anew, the leader's
with every leader of the partition. The epochs that fence never go down while the state is there,
whatever is written.
Invariant: a state never changes; a later record makes another one.
Neighbours: `shard` holds them; `decide` looks at them; `records` writes them down.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from logcore.common.uuids import parse_uuid, uuid_text
from logcore.coordinator.share.batches import StateBatch

NO_EPOCH: Final = -1
"""An epoch that says nothing, and fences nobody."""
UNINITIALISED_OFFSET: Final = -1
"""The start offset of a state that nobody has begun to deliver from."""
UNKNOWN_COUNT: Final = -1
"""How many deliveries above the start are complete, where that is not known."""

_REMEMBERED: Final = 8_192
_PARTS: Final = 3
_NUMBER: Final = re.compile("[0-9]{1,10}")


class ShareKey(NamedTuple):
    """Whose state.

    Attributes:
        group_id: The share group.
        topic_id: The topic.
        partition: The partition.
    """

    group_id: str
    topic_id: bytes
    partition: int

    @property
    def text(self) -> str:
        """The key as FindCoordinator spells it: ``group:topicId:partition``."""
        return key_text(self)

    @classmethod
    def parse(cls, text: str) -> "ShareKey":
        """Read a key that `text` spells; a group's name may hold colons itself.

        Raises:
            ValueError: If the text is no key.
        """
        parts = text.rsplit(":", 2)
        if len(parts) != _PARTS or not parts[0].strip() or not _NUMBER.fullmatch(parts[2]):
            raise ValueError(f"{text!r} is not of the form group:topicId:partition")
        return cls(parts[0], parse_uuid(parts[1]), int(parts[2]))


@lru_cache(maxsize=_REMEMBERED)
def key_text(key: ShareKey) -> str:
    """Spell a key; remembered, because every write needs it."""
    return f"{key.group_id}:{uuid_text(key.topic_id)}:{key.partition}"


@dataclass(frozen=True, slots=True)
class ShareState:
    """The state of one key.

    Attributes:
        snapshot_epoch: The number of its last snapshot.
        state_epoch: The epoch of its offsets.
        leader_epoch: The epoch of the leader that wrote it; 0 if none has.
        start_offset: Where delivery begins; -1 if nobody has begun.
        delivery_complete_count: How many deliveries above the start are complete; -1: not known.
        batches: The offsets above the start of which something is known.
        created_ms: When its last snapshot was due to changes.
        written_ms: When its last snapshot was written.
        update_count: How many updates were written since.
        snapshot_offset: Where that snapshot stands in the log.
        newest_state_epoch: The highest state epoch there was.
        newest_leader_epoch: The highest leader epoch there was.
    """

    snapshot_epoch: int
    state_epoch: int
    leader_epoch: int
    start_offset: int
    delivery_complete_count: int
    batches: tuple[StateBatch, ...]
    created_ms: int
    written_ms: int
    update_count: int
    snapshot_offset: int
    newest_state_epoch: int
    newest_leader_epoch: int

    @property
    def is_cold(self) -> bool:
        """Whether its last snapshot was written only to move it up in the log."""
        return self.created_ms != self.written_ms
