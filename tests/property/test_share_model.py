"""A share partition against one record at a time: whatever members do, both agree on each record.

Invariant of the model: `records[offset]` is what has become of a record in flight; what is kept is
what a broker would find after a crash. No record is handed out while somebody holds it, after it
was done with, or more often than the limit.
"""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from logcore.broker.share.acquiring import Wish
from logcore.broker.share.persister import ShareState
from logcore.broker.share.record_states import AFTER, TERMINAL, AcknowledgeType, RecordState
from logcore.broker.share.share_partition import SharePartition
from logcore.broker.share.window import Transition
from logcore.common.errors import InvalidRecordStateError, InvalidRequestError
from logcore.coordinator.share.batches import StateBatch, combine
from logcore.protocol.messages.share_fetch import AcknowledgementBatch
from tests.broker.share.logs import SETTINGS, batches
from tests.depth import examples

MEMBERS = ["ann", "bob", "eve"]
members = st.sampled_from(MEMBERS)


@dataclass
class Record:
    """One record in flight."""

    state: RecordState
    count: int
    member: str = ""
    due_ms: int = 0
    is_pending: bool = False

    def free(self, limit: int) -> None:
        self.state = RecordState.ARCHIVED if self.count >= limit else RecordState.AVAILABLE
        self.member = ""


class ShareModel(RuleBasedStateMachine):
    """Members of one group at one partition."""

    @initialize(limit=st.integers(2, 5), locks=st.integers(5, 60))
    def begin(self, limit: int, locks: int) -> None:
        self.settings = SETTINGS._replace(delivery_count_limit=limit, record_locks=locks)
        self.log: list[tuple[int, int]] = []
        self.records: dict[int, Record] = {}
        self.start = self.next = self.log_start = self.now_ms = 0
        self.partition = SharePartition(0, 0, 0)
        self.kept = ShareState(0, 0, ())
        self.changes: list[tuple[Transition, dict[int, Record]]] = []

    @property
    def log_end(self) -> int:
        return self.log[-1][1] + 1 if self.log else self.log_start

    @rule(sizes=st.lists(st.integers(1, 12), min_size=1, max_size=5), hole=st.integers(0, 3))
    def produce(self, sizes: list[int], hole: int) -> None:
        for size in sizes:
            first = self.log_end + (hole if size == 1 else 0)
            self.log.append((first, first + size - 1))

    # ------------------------------------------------------------ handing out

    @rule(
        member=members,
        records=st.integers(0, 30),
        size=st.integers(1, 20),
        exact=st.booleans(),
        reach=st.integers(1, 8),
    )
    def acquire(self, member: str, records: int, size: int, exact: bool, reach: int) -> None:
        free = self.partition.window.first_free()
        read = [each for each in self.log if each[1] >= free][:reach]
        wish = Wish(member, records, size, exact, self.now_ms, self.settings)
        could = self.partition.can_acquire(self.settings) and records > 0 and read
        got = self.partition.acquire(wish, batches(*read))
        if read and records > 0:
            self.compacted(free, read[0][0])
        assert bool(got) == bool(could)
        offsets = [offset for first, last, _ in got for offset in range(first, last + 1)]
        assert offsets == sorted(set(offsets))
        assert not exact or len(offsets) <= records
        for first, last, deliveries in got:
            for offset in range(first, last + 1):
                self.hand_out(offset, member, deliveries)
        for offset in range(self.next, self.partition.window.next_offset):
            assert exact, "only the rest of a batch comes along"
            self.records[offset] = Record(RecordState.AVAILABLE, 0)
            self.next = offset + 1
        assert self.next - self.start <= self.settings.record_locks + 12 + 3

    def compacted(self, first: int, last: int) -> None:
        """Be done with free records that the log had no more."""
        for offset in range(first, min(last, self.next)):
            record = self.records[offset]
            if record.state is RecordState.AVAILABLE and not record.is_pending:
                record.state = RecordState.ARCHIVED
        self.advance()

    def hand_out(self, offset: int, member: str, deliveries: int) -> None:
        if offset >= self.next:
            if not self.records:
                self.start = self.next = offset
            assert offset == self.next
            self.records[offset] = Record(RecordState.AVAILABLE, 0)
            self.next = offset + 1
        record = self.records[offset]
        assert record.state is RecordState.AVAILABLE
        assert not record.is_pending
        record.count += 1
        assert record.count == deliveries <= self.settings.delivery_count_limit
        record.state, record.member = RecordState.ACQUIRED, member
        record.due_ms = self.now_ms + self.settings.lock_ms

    # ------------------------------------------------------------ taking back

    @rule(member=members, ahead=st.integers(-3, 20), data=st.data())
    def acknowledge(self, member: str, ahead: int, data: st.DataObject) -> None:
        first = max(0, self.start + ahead)
        length = data.draw(st.integers(1, 14))
        each = data.draw(st.booleans())
        types = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=length))
        types = (types * length)[:length] if each else types[:1]
        asked = AcknowledgementBatch(
            first_offset=first, last_offset=first + length - 1, acknowledge_types=types
        )
        expected = self.refusal(member, asked)
        if expected is not None:
            with pytest.raises(expected):
                self.partition.acknowledge(member, [asked], self.settings, self.now_ms)
            return
        change = self.partition.acknowledge(member, [asked], self.settings, self.now_ms)
        before = {}
        for offset in range(max(first, self.start), min(first + length, self.next)):
            kind = AcknowledgeType(types[offset - first] if len(types) > 1 else types[0])
            record = self.records[offset]
            if kind is AcknowledgeType.RENEW:
                record.due_ms = self.now_ms + self.settings.lock_ms
            else:
                before[offset] = replace(record)
                self.change(record, AFTER[kind])
        self.write(change, before)

    def refusal(self, member: str, asked: AcknowledgementBatch) -> type[Exception] | None:
        if asked.last_offset < self.start:
            return None
        if self.start == self.next:
            return InvalidRecordStateError
        if asked.last_offset >= self.next:
            return InvalidRequestError
        held = all(
            record.state is RecordState.ACQUIRED
            and record.member == member
            and not record.is_pending
            for offset in range(max(asked.first_offset, self.start), asked.last_offset + 1)
            if (record := self.records[offset])
        )
        return None if held else InvalidRecordStateError

    def change(self, record: Record, state: RecordState) -> None:
        if state is RecordState.AVAILABLE:
            record.free(self.settings.delivery_count_limit)
        else:
            record.state, record.member = state, ""
        record.is_pending = True

    def write(self, change: Transition, before: dict[int, Record]) -> None:
        told = [
            offset
            for batch in change.batches()
            for offset in range(batch.first_offset, batch.last_offset + 1)
        ]
        assert told == sorted(before)
        self.changes.append((change, before))

    @rule(member=members)
    def release(self, member: str) -> None:
        change = self.partition.release(member, self.settings)
        before = {}
        for offset, record in self.records.items():
            if record.state is RecordState.ACQUIRED and record.member == member:
                before[offset] = replace(record)
                self.change(record, RecordState.AVAILABLE)
        self.write(change, before)

    @precondition(lambda self: self.changes)
    @rule(is_kept=st.booleans())
    def settle(self, is_kept: bool) -> None:
        change, before = self.changes.pop(0)
        if is_kept:
            self.keep(change.batches())
            self.partition.commit(change)
        else:
            self.partition.roll_back(change, self.settings, self.now_ms)
        for offset, was in before.items():
            record = self.records.get(offset)
            if record is None:
                continue
            record.is_pending = False
            if not is_kept:
                record.state, record.member = was.state, was.member
                if record.due_ms <= self.now_ms:
                    record.free(self.settings.delivery_count_limit)
        self.advance()

    def keep(self, changed: tuple[StateBatch, ...]) -> None:
        start = max(self.kept.start_offset, self.partition.window.start_offset)
        self.kept = ShareState(0, start, combine(self.kept.batches, changed, start))

    @rule(passed_ms=st.integers(1, 700))
    def wait(self, passed_ms: int) -> None:
        self.now_ms += passed_ms
        self.keep(self.partition.expire(self.settings, self.now_ms))
        self.partition.window.advance()
        for record in self.records.values():
            if record.state is RecordState.ACQUIRED and record.due_ms <= self.now_ms:
                record.free(self.settings.delivery_count_limit)
        self.advance()

    # ------------------------------------------------------------ what happens around it

    @precondition(lambda self: self.log)
    @rule(share=st.floats(0, 0.5))
    def trim(self, share: float) -> None:
        self.log_start += int((self.log_end - self.log_start) * share)
        self.log = [each for each in self.log if each[1] >= self.log_start]
        self.partition.move_log_start(self.log_start)
        for offset in [each for each in self.records if each < self.log_start]:
            del self.records[offset]
        if self.log_start > self.start:
            self.start = self.log_start
            self.next = max(self.next, self.start)
            self.advance()

    @rule()
    def crash(self) -> None:
        """Lose what was not kept; the log and what was kept are there again."""
        self.changes.clear()
        start = self.kept.start_offset
        self.partition = SharePartition.of(self.kept, start, 0)
        self.partition.move_log_start(self.log_start)
        done = {
            offset: batch
            for batch in self.kept.batches
            for offset in range(batch.first_offset, batch.last_offset + 1)
        }
        self.next = max([start, *(offset + 1 for offset in done)])
        self.start = start
        old, self.records = self.records, {}
        for offset in range(start, self.next):
            batch = done.get(offset)
            state = RecordState.AVAILABLE if batch is None else RecordState(batch.delivery_state)
            count = 0 if batch is None else batch.delivery_count
            self.records[offset] = Record(state, count)
            was = old.get(offset)
            assert was is None or was.count >= count or state not in TERMINAL
        self.advance()
        if self.log_start > self.start:
            self.records = {at: each for at, each in self.records.items() if at >= self.log_start}
            self.start = self.log_start
            self.next = max(self.next, self.start)
            self.advance()

    def advance(self) -> None:
        while self.start < self.next:
            record = self.records[self.start]
            if record.state not in TERMINAL or record.is_pending:
                break
            del self.records[self.start]
            self.start += 1

    @invariant()
    def same(self) -> None:
        if not hasattr(self, "partition"):
            return
        window = self.partition.window
        assert (window.start_offset, window.next_offset) == (self.start, self.next)
        found: dict[int, Any] = {}
        for run in window.runs:
            for offset in range(run.first, run.last + 1):
                found[offset] = (run.state, run.count, run.member, run.transition is not None)
        assert found == {
            offset: (record.state, record.count, record.member, record.is_pending)
            for offset, record in self.records.items()
        }
        over = sum(record.state in TERMINAL for record in self.records.values())
        assert window.complete_count == over


TestShareModel = ShareModel.TestCase
TestShareModel.settings = settings(max_examples=examples(60), stateful_step_count=40, deadline=None)
