"""Records of a share group in the user's hands: handed out, and not acknowledged yet.

For the thread that polls; only what arrives is put in by the loop's.
Invariants: a record is handed out once per delivery (a renewal hands it out again), and only while
its lock lasts; what a deserializer fails on is released, unless the program says otherwise; what is
acknowledged leaves the hand.
Neighbours: `acquired_records` holds what arrived; `share_session` takes acknowledgements;
`async_share_consumer` and `share_consumer` hand out.
Source: KIP-932 and KIP-1222, `KafkaShareConsumer` of Apache Kafka 4.3.1 for what each mode demands.
"""

import logging
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from logcore.client.positions import TopicPartition
from logcore.common.clock import SystemClock
from logcore.common.errors import (
    CorruptMessageError,
    IllegalStateError,
    KafkaError,
    SerializationError,
)
from logcore.consumer.acknowledgements import (
    Acknowledgement,
    AcknowledgeType,
    Acquisition,
    Run,
)
from logcore.consumer.acquired_records import AcquiredRecords
from logcore.consumer.share_record import ShareRecord
from logcore.record import ConsumerRecord

logger = logging.getLogger(__name__)

Deserialize = Callable[[ConsumerRecord], ConsumerRecord]


@dataclass(slots=True, eq=False)
class Handed:
    """What was handed out of one acquisition.

    Attributes:
        acquisition: Where it was acquired.
        records: The records, by offset.
        types: What is said of them so far.
    """

    acquisition: Acquisition
    records: dict[int, ShareRecord] = field(default_factory=dict)
    types: dict[int, AcknowledgeType] = field(default_factory=dict)


class InHand:
    """What one consumer holds.

    Args:
        is_explicit: Whether each record is acknowledged by the program.
        deserialize: Makes something of keys and values; None leaves bytes.
        patience_ms: How long an acknowledgement is tried where an error may pass.
    """

    def __init__(
        self, *, is_explicit: bool, deserialize: Deserialize | None, patience_ms: int
    ) -> None:
        self._is_explicit = is_explicit
        self._deserialize = deserialize
        self._patience_ms = patience_ms
        self._now_ms = SystemClock().monotonic_ms
        self._arrived: deque[AcquiredRecords] = deque()
        self._again: deque[tuple[Acquisition, ShareRecord]] = deque()
        self._handed: dict[TopicPartition, list[Handed]] = {}
        self._problem: tuple[Acquisition, ShareRecord | None, Exception] | None = None
        self._renewing: set[Acknowledgement] = set()

    # ------------------------------------------------------------ what arrives

    def put(self, records: AcquiredRecords) -> None:
        """Have acquired records handed out; on the loop's thread."""
        self._arrived.append(records)

    def renewed(self, acknowledgement: Acknowledgement, lock_ms: int | None) -> None:
        """Take note of what became of a renewal; on the loop's thread."""
        self._renewing.discard(acknowledgement)
        if acknowledgement.error is not None:
            return
        due_ms = -1 if lock_ms is None else self._now_ms() + lock_ms
        acquisition = acknowledgement.acquisition._replace(due_ms=due_ms)
        self._again.extend((acquisition, each) for each in acknowledgement.renewed.values())

    @property
    def is_ready(self) -> bool:
        """Whether something could be handed out; from any thread."""
        return bool(self._arrived or self._again or self._problem)

    @property
    def is_renewing(self) -> bool:
        """Whether locks are being renewed, whose records come again; from any thread."""
        return bool(self._renewing)

    # ------------------------------------------------------------ handing out

    def take(self, count: int) -> list[ShareRecord]:
        """Hand out the next records, at most so many.

        Raises:
            SerializationError: If a deserializer failed on the first of them, which is released.
            CorruptMessageError: If it is of a damaged batch, which is rejected.
            KafkaError: If its batch cannot be read otherwise; it is released.
        """
        if self._problem is not None:
            self._raise_problem()
        records: list[ShareRecord] = []
        try:
            while len(records) < count and self._problem is None:
                found = self._next()
                if found is None:
                    break
                self._show(*found, records)
        except BaseException:  # as by Ctrl-C: nobody has seen them
            self.put_back(records)
            raise
        if not records and self._problem is not None:
            self._raise_problem()
        return records

    def _show(
        self, acquisition: Acquisition, record: ShareRecord, records: list[ShareRecord]
    ) -> None:
        try:
            records.append(self._shown(record))
        except SerializationError as error:
            self._problem = (acquisition, record, error)
        except BaseException:
            self._again.appendleft((acquisition, record))
            raise
        else:
            self._hold(acquisition, record)

    def _shown(self, record: ShareRecord) -> ShareRecord:
        """Return a record as the program wants it."""
        if self._deserialize is None:
            return record
        return ShareRecord(self._deserialize(record.record), record.delivery_count)

    def put_back(self, records: list[ShareRecord]) -> None:
        """Hand records out again that nobody has seen."""
        for shown in reversed(records):
            place = TopicPartition(shown.topic, shown.partition)
            for handed in self._handed.get(place, ()):
                record = handed.records.pop(shown.offset, None)
                if record is not None:
                    self._again.appendleft((handed.acquisition, record))
                    break

    def _raise_problem(self) -> None:
        """Raise what could not be handed out, in its place."""
        assert self._problem is not None, "the caller looked"
        acquisition, record, error = self._problem
        self._problem = None
        if record is not None:
            self._hold(acquisition, record).types[record.offset] = AcknowledgeType.RELEASE
        raise error

    def _next(self) -> tuple[Acquisition, ShareRecord] | None:
        """Return the next record that is still ours, with where it was acquired."""
        now_ms = self._now_ms()
        while self._again:
            acquisition, record = self._again.popleft()
            if not acquisition.is_void(now_ms):
                return acquisition, record
        while self._arrived:
            records = self._arrived[0]
            acquisition = records.acquisition
            if acquisition.is_void(now_ms):
                logger.info("%s: records went back before they were asked for", acquisition.place)
                self._arrived.popleft()
                continue
            record_or_none = self._read(records)
            if record_or_none is not None:
                return acquisition, record_or_none
            if self._problem is not None:
                return None
        return None

    def _read(self, records: AcquiredRecords) -> ShareRecord | None:
        """Return the next of some records; None if there is none, or a problem instead."""
        try:
            record = records.next_record()
        except KafkaError as error:
            is_damaged = isinstance(error, CorruptMessageError)
            records.skip(AcknowledgeType.REJECT if is_damaged else AcknowledgeType.RELEASE)
            record = None
            self._problem = (records.acquisition, None, error)
        self._say(records.acquisition, records.said())
        if records.is_done:
            self._arrived.popleft()
        return record

    def _hold(self, acquisition: Acquisition, record: ShareRecord) -> Handed:
        listed = self._handed.setdefault(acquisition.place, [])
        if not listed or listed[-1].acquisition is not acquisition:
            listed.append(Handed(acquisition))
        listed[-1].records[record.offset] = record
        return listed[-1]

    # ------------------------------------------------------------ acknowledging

    def acknowledge(self, place: TopicPartition, offset: int, what: AcknowledgeType) -> None:
        """Say what is to become of a record that was handed out; it counts from the next poll on.

        Raises:
            IllegalStateError: If the mode is implicit, or the record is not in hand.
        """
        if not self._is_explicit:
            raise IllegalStateError(
                "records are acknowledged by the next poll: acknowledge() is for "
                "share.acknowledgement.mode explicit"
            )
        for handed in self._handed.get(place, ()):
            if offset in handed.records:
                handed.types[offset] = AcknowledgeType(what)
                return
        raise IllegalStateError(f"{place} at offset {offset} does not wait to be acknowledged")

    def settle(self) -> None:
        """Have acknowledged what was handed out, since more is asked for.

        Raises:
            IllegalStateError: If the mode is explicit, and nothing was said of a record.
        """
        if self._is_explicit:
            self._check_all_said()
        self.commit()

    def _check_all_said(self) -> None:
        for place, listed in self._handed.items():
            for handed in listed:
                left = handed.records.keys() - handed.types.keys()
                if left:
                    raise IllegalStateError(
                        f"{place} at offset {min(left)} is not acknowledged: in "
                        "share.acknowledgement.mode explicit each record is, before the next poll"
                    )

    def commit(self) -> list[Acknowledgement]:
        """Have acknowledged what there is something to say of; return the acknowledgements."""
        if not self._is_explicit:
            return self._accept_all()
        made = [self._commit(each) for listed in self._handed.values() for each in listed]
        left = {
            place: [handed for handed in listed if handed.records]
            for place, listed in self._handed.items()
        }
        self._handed = {place: listed for place, listed in left.items() if listed}
        return [each for each in made if each is not None]

    def _accept_all(self) -> list[Acknowledgement]:
        """Have accepted what was handed out, but for what nobody could read."""
        if not self._handed:
            return []
        taken, self._handed = self._handed, {}
        return [
            self._put(
                Acknowledgement(
                    handed.acquisition,
                    dict.fromkeys(handed.records, AcknowledgeType.ACCEPT) | handed.types,
                )
            )
            for listed in taken.values()
            for handed in listed
            if handed.records
        ]

    def _commit(self, handed: Handed) -> Acknowledgement | None:
        """Have acknowledged what is said of one acquisition, if anything is."""
        types, handed.types = handed.types, {}
        if not types:
            return None
        said = {offset: handed.records.pop(offset) for offset in types}
        renewed = {
            offset: record
            for offset, record in said.items()
            if types[offset] is AcknowledgeType.RENEW
        }
        acknowledgement = Acknowledgement(handed.acquisition, types, renewed=renewed)
        if renewed:
            self._renewing.add(acknowledgement)
        return self._put(acknowledgement)

    def _say(self, acquisition: Acquisition, said: list[Run]) -> None:
        """Have acknowledged what did not come out."""
        if said:
            self._put(Acknowledgement(acquisition, gaps=said))

    def _put(self, acknowledgement: Acknowledgement) -> Acknowledgement:
        acknowledgement.give_up_ms = self._now_ms() + self._patience_ms
        return acknowledgement.acquisition.session.put(acknowledgement)

    def release(self, kept: Collection[str] = ()) -> None:
        """Give back what was not handed out, but for some topics."""
        for _ in range(len(self._arrived)):
            records = self._arrived.popleft()
            if records.acquisition.place.topic in kept:
                self._arrived.append(records)
                continue
            records.release()
            self._say(records.acquisition, records.said())
        for _ in range(len(self._again)):
            acquisition, record = self._again.popleft()
            if record.topic in kept:
                self._again.append((acquisition, record))
                continue
            run = Run(record.offset, record.offset, AcknowledgeType.RELEASE)
            self._say(acquisition, [run])
