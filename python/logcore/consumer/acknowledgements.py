"""What a member of a share group says of the records it acquired, and what became of that.

Invariant: each record that was handed out is acknowledged at most once at a time, and each
acknowledgement is completed once: kept by the broker, or with the error that says why not.
Neighbours: `in_hand` makes acknowledgements; `share_session` collects those of one broker;
`share_requests` writes them down.
Source: KIP-932; KIP-1222 for renewals.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

from logcore.client.positions import TopicPartition
from logcore.common.errors import LogcoreError
from logcore.consumer.share_record import ShareRecord

GAP: Final = 0
"""What is said of an offset that was acquired and holds no record for the user."""
LISTED_MAX: Final = 16
"""Runs up to so long are joined with their neighbours, type by type."""


class AcknowledgeType(IntEnum):
    """What is to become of a record, numbered as on the wire.

    Attributes:
        ACCEPT: It was processed: nobody gets it again.
        RELEASE: It was not: somebody may get it again, as often as the group's delivery limit
            allows.
        REJECT: It cannot be processed: nobody gets it again.
        RENEW: It is still being processed: its lock begins anew, and the next poll returns it.
    """

    ACCEPT = 1
    RELEASE = 2
    REJECT = 3
    RENEW = 4


class Run(NamedTuple):
    """Offsets in a row, of which the same is said."""

    first: int
    last: int
    type: int


class Range(NamedTuple):
    """Offsets in a row as requests have them: one type for all, or one for each."""

    first: int
    last: int
    types: list[int]


class Outcome(NamedTuple):
    """What became of the acknowledgements of one partition.

    Attributes:
        place: Its topic and number.
        offsets: The records, in order.
        error: Why they were not acknowledged; None if they were.
    """

    place: TopicPartition
    offsets: list[int]
    error: LogcoreError | None


class Session(Protocol):
    """What records belong to from when they are acquired until they are acknowledged.

    Attributes:
        error: Why it ended, so that the broker has taken its records back; None while it goes on.
    """

    error: LogcoreError | None

    def put(self, acknowledgement: "Acknowledgement") -> "Acknowledgement":
        """Have something acknowledged; return what will be completed. From any thread."""


class Acquisition(NamedTuple):
    """Where records of one partition were acquired, and for how long.

    Attributes:
        place: The partition.
        topic_id: The id of its topic.
        session: What they belong to.
        due_ms: When their locks end, by the monotonic clock; -1 if that is unknown.
    """

    place: TopicPartition
    topic_id: bytes
    session: Session
    due_ms: int = -1

    def is_void(self, now_ms: int) -> bool:
        """Whether the broker has given the records to others, or may have."""
        return self.session.error is not None or 0 <= self.due_ms <= now_ms


@dataclass(slots=True, eq=False)
class Acknowledgement:
    """What is said of some records of one partition.

    Attributes:
        acquisition: Where they were acquired.
        types: What is said, by offset.
        gaps: What is said of offsets that hold no record for the user.
        renewed: The records whose locks are to begin anew.
        give_up_ms: Until when it is tried again where an error may pass, by the monotonic clock.
        not_before_ms: When it is tried again, by the same.
        is_done: Whether it is completed.
        error: What it was completed with; None if the broker keeps it.
    """

    acquisition: Acquisition
    types: dict[int, AcknowledgeType] = field(default_factory=dict)
    gaps: list[Run] = field(default_factory=list)
    renewed: dict[int, ShareRecord] = field(default_factory=dict)
    give_up_ms: int = 0
    not_before_ms: int = 0
    is_done: bool = False
    error: LogcoreError | None = None

    def outcome(self) -> Outcome:
        """Return what became of it."""
        return Outcome(self.acquisition.place, sorted(self.types), self.error)


def ranges_of(acknowledgements: Iterable[Acknowledgement]) -> list[Range]:
    """Return what is said of one partition as ranges, in order, none overlapping another."""
    types: dict[int, AcknowledgeType] = {}
    gaps: list[Run] = []
    for each in acknowledgements:
        types |= each.types
        gaps += each.gaps
    ranges: list[Range] = []
    for run in _apart(sorted([*_runs(types), *gaps])):
        before = ranges[-1] if ranges else None
        length = run.last - run.first + 1
        if (
            before is not None
            and before.last + 1 == run.first
            and length <= LISTED_MAX
            and (len(before.types) > 1 or before.last - before.first < LISTED_MAX)
        ):
            listed = before.types
            if len(listed) == 1:
                listed = listed * (before.last - before.first + 1)
            ranges[-1] = Range(before.first, run.last, [*listed, *[run.type] * length])
        else:
            ranges.append(Range(run.first, run.last, [run.type]))
    return ranges


def _runs(types: dict[int, AcknowledgeType]) -> Iterator[Run]:
    """Yield what is said by offset as runs."""
    first = last = said = None
    for offset in sorted(types):
        if last is not None and offset == last + 1 and types[offset] == said:
            last = offset
            continue
        if first is not None and last is not None and said is not None:
            yield Run(first, last, said)
        first = last = offset
        said = types[offset]
    if first is not None and last is not None and said is not None:
        yield Run(first, last, said)


def _apart(runs: Iterable[Run]) -> Iterator[Run]:
    """Yield runs without what an earlier one has said already."""
    end = -1
    for run in runs:
        if run.last <= end:
            continue
        yield run._replace(first=max(run.first, end + 1))
        end = run.last
