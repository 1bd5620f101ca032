"""`Log` against a list: whatever a program does, both hold the same records.

Invariant of the model: `records[offset]` is (key, value, timestamp); offsets below `start` cannot
be read. A truncation removes the whole batch that holds its offset.
"""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from logcore import Log
from tests.depth import examples

TIME_MS = 1_700_000_000_000

content = st.none() | st.binary(max_size=40)
times = st.integers(TIME_MS, TIME_MS + 1000)
entries = st.tuples(content, content, times)


class LogModel(RuleBasedStateMachine):
    """A log that is appended to, cut at both ends, and opened again."""

    @initialize(
        codec=st.sampled_from([None, "gzip", "snappy", "lz4", "zstd"]),
        linger_ms=st.sampled_from([0, 60_000]),
        durability=st.sampled_from(["os", "batch", "group"]),
        segment_bytes=st.sampled_from([300, 1000, 1 << 20]),
    )
    def open(self, codec, linger_ms, durability, segment_bytes):
        self.folder = tempfile.TemporaryDirectory()
        self.settings = {
            "compression": codec,
            "linger_ms": linger_ms,
            "durability": durability,
            "segment_bytes": segment_bytes,
            "max_message_bytes": 280,
            "index_interval_bytes": 100,
        }
        self.records: list[tuple[bytes | None, bytes | None, int]] = []
        self.start = 0
        self.log = Log(Path(self.folder.name) / "log", **self.settings)

    def teardown(self):
        if hasattr(self, "log"):
            self.log.close()
            self.folder.cleanup()

    @rule(entry=entries)
    def append(self, entry):
        key, value, timestamp = entry
        assert self.log.append(value, key, timestamp=timestamp) == len(self.records)
        self.records.append(entry)

    @rule(batch=st.lists(entries, max_size=12))
    def append_batch(self, batch):
        end = len(self.records) + len(batch)
        offsets = self.log.append_batch(
            [value for _, value, _ in batch],
            [key for key, _, _ in batch],
            [timestamp for _, _, timestamp in batch],
        )
        assert offsets == range(len(self.records), end)
        self.records += batch

    @rule(values=st.lists(content, min_size=1, max_size=12), timestamp=times)
    def append_buffer(self, values, timestamp):
        lengths = [-1 if value is None else len(value) for value in values]
        self.log.append_buffer(b"".join(value or b"" for value in values), lengths, timestamp)
        self.records += [(None, value, timestamp) for value in values]

    @precondition(lambda self: len(self.records) > self.start)
    @rule(data=st.data())
    def append_raw(self, data):
        offset = data.draw(st.integers(self.start, len(self.records) - 1))
        batch = self.log.read_batches(offset, 1)[0]
        copied = [(r.key, r.value, r.timestamp) for r in batch.records()]
        raw = bytearray(batch)
        assert self.log.append_raw(raw).start == len(self.records)
        self.records += copied

    @precondition(lambda self: len(self.records) > self.start)
    @rule(data=st.data())
    def truncate(self, data):
        offset = data.draw(st.integers(self.start, len(self.records)))
        end = offset
        if offset < len(self.records):
            end = self.log.read_batches(offset, 1)[0].base_offset
        assert self.log.truncate(offset) == end
        # A batch that began below the start is gone as a whole; its offsets are given again.
        self.start = min(self.start, end)
        del self.records[end:]

    @rule(data=st.data())
    def delete_before(self, data):
        offset = data.draw(st.integers(self.start, len(self.records)))
        assert self.log.delete_before(offset) == offset
        self.start = offset

    @rule()
    def apply_retention(self):
        self.log.apply_retention()

    @rule()
    def roll(self):
        self.log.roll()

    @rule()
    def flush(self):
        assert self.log.flush() == len(self.records) == self.log.recovery_point

    @rule()
    def reopen(self):
        self.log.close()
        self.log = Log(Path(self.folder.name) / "log", **self.settings)
        report = self.log.stat().recovery
        assert report is not None
        assert report.was_clean

    @rule(data=st.data(), max_records=st.integers(1, 20), max_bytes=st.integers(1, 2000))
    def read(self, data, max_records, max_bytes):
        offset = data.draw(st.integers(self.start, len(self.records)))
        found = self.log.read(offset, max_records, max_bytes=max_bytes)
        expected = self.records[offset : offset + len(found)]
        assert [(r.key, r.value, r.timestamp) for r in found] == expected
        assert len(found) <= max_records
        assert bool(found) == (offset < len(self.records))

    @rule(timestamp=st.integers(TIME_MS - 1, TIME_MS + 1001))
    def offset_for_time(self, timestamp):
        expected = next(
            (
                offset
                for offset in range(self.start, len(self.records))
                if self.records[offset][2] >= timestamp
            ),
            None,
        )
        assert self.log.offset_for_time(timestamp) == expected

    @invariant()
    def both_hold_the_same(self):
        if not hasattr(self, "log"):
            return
        assert (self.log.start_offset, self.log.end_offset) == (self.start, len(self.records))
        held = [(r.offset, r.key, r.value, r.timestamp) for r in self.log]
        assert held == [(at, *self.records[at]) for at in range(self.start, len(self.records))]
        columns = self.log.read_columns(self.start)
        values = [value for _, value, _ in self.records[self.start : columns.next_offset]]
        assert columns.values() == values


TestLogModel = LogModel.TestCase
TestLogModel.settings = settings(max_examples=examples(60), stateful_step_count=30)
