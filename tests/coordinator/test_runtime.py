"""The runtime: loading, deciding, appending, replaying, answering; and failures of each."""

import pytest

from logcore.common.clock import ManualScheduler
from logcore.common.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
    NotEnoughReplicasError,
    UnknownMemberIdError,
    UnknownServerError,
)
from logcore.coordinator import runtime as runtime_module
from logcore.coordinator.log import TransactionalProducer, TransactionMarker
from logcore.coordinator.result import NOTHING, CoordinatorRecord, CoordinatorResult
from logcore.coordinator.runtime import CoordinatorRuntime
from tests.coordinator.memory_log import MemoryLog


class Ledger:
    """A machine that keeps the last value of each key."""

    def __init__(self, timers) -> None:
        self.timers = timers
        self.values: dict[str, str] = {}
        self.offsets: list[int] = []
        self.is_loaded = False
        self.is_unloaded = False
        self.fail_replay = False

    def encode(self, record):
        return record.key.encode(), None if record.value is None else record.value.encode()

    def decode(self, key, value):
        if key == b"unknown":
            return None
        return CoordinatorRecord(key.decode(), None if value is None else value.decode())

    def replay(self, offset, record):
        if self.fail_replay:
            raise ZeroDivisionError
        self.offsets.append(offset)
        if record.value is None:
            self.values.pop(record.key, None)
        else:
            self.values[record.key] = record.value

    def on_loaded(self):
        self.is_loaded = True

    def on_unloaded(self):
        self.is_unloaded = True


class Bench:
    def __init__(self) -> None:
        self.scheduler = ManualScheduler()
        self.log = MemoryLog()
        self.runtime = CoordinatorRuntime(
            log=self.log, scheduler=self.scheduler, make_machine=Ledger, write_timeout_ms=5_000
        )

    @property
    def ledger(self) -> Ledger:
        return self.runtime.shard(0).machine

    def put(self, key, value, response="done", on_append=None):
        result = CoordinatorResult([CoordinatorRecord(key, value)], response, on_append)
        return self.runtime.write(0, key, lambda _: result)


@pytest.fixture
def bench():
    made = Bench()
    made.runtime.load(0)
    return made


def test_a_write_is_appended_then_replayed_then_answered(bench):
    seen = []
    answer = bench.put("k", "v", on_append=lambda error: seen.append((error, bench.ledger.values)))
    assert answer.value() == "done"
    assert bench.log.partitions == {0: [(b"k", b"v")]}
    assert bench.ledger.values == {"k": "v"}
    assert seen == [(None, {"k": "v"})]


def test_a_write_without_records_is_answered_and_appends_nothing(bench):
    told: list[object] = []
    result = CoordinatorResult((), "hello", told.append)
    assert bench.runtime.write(0, "k", lambda _: result).value() == "hello"
    assert not bench.log.partitions
    assert not told


def test_records_of_one_write_are_one_batch_with_growing_offsets(bench):
    records = [CoordinatorRecord(key, "v") for key in "abc"]
    bench.put("z", "v")
    bench.runtime.write(0, "a", lambda _: CoordinatorResult(records))
    assert [len(batch) for batch in bench.log.batches] == [1, 3]
    assert bench.ledger.offsets == [0, 1, 2, 3]


def test_a_refused_append_leaves_the_state_and_answers_what_a_client_can_act_on(bench):
    told: list[object] = []
    bench.log.fail_with = NotEnoughReplicasError()
    answer = bench.put("k", "v", on_append=told.append)
    assert isinstance(answer.error, CoordinatorNotAvailableError)
    assert not bench.ledger.values
    assert [type(error) for error in told] == [CoordinatorNotAvailableError]


def test_a_log_that_raises_refuses(bench):
    bench.log.append = lambda *_: 1 // 0
    assert isinstance(bench.put("k", "v").error, UnknownServerError)
    assert not bench.ledger.values


def test_what_a_handler_raises_is_the_answer(bench):
    def refuse(_):
        raise UnknownMemberIdError("who?")

    def fail(_):
        raise ZeroDivisionError

    assert isinstance(bench.runtime.write(0, "k", refuse).error, UnknownMemberIdError)
    assert isinstance(bench.runtime.write(0, "k", fail).error, UnknownServerError)
    assert bench.put("k", "v").value() == "done"


def test_writes_of_one_key_wait_for_each_other(bench):
    bench.log.is_held = True
    first = bench.put("k", "1")
    seen = []

    def look(ledger):
        seen.append(dict(ledger.values))
        return CoordinatorResult((), "second")

    second = bench.runtime.write(0, "k", look)
    assert not first.is_done
    assert not second.is_done
    assert not seen
    bench.log.release()
    assert first.value() == "done"
    assert second.value() == "second"
    assert seen == [{"k": "1"}]


def test_writes_of_other_keys_do_not_wait(bench):
    bench.log.is_held = True
    slow = bench.put("k", "1")
    bench.log.is_held = False
    assert bench.put("other", "2").value() == "done"
    assert not slow.is_done


def test_a_queue_runs_in_order_and_stops_at_the_next_append(bench):
    bench.log.is_held = True
    answers = [bench.put("k", str(number)) for number in range(4)]
    for number in range(4):
        assert [answer.is_done for answer in answers] == [n < number for n in range(4)]
        assert len(bench.log.held) == 1
        bench.log.release()
    assert bench.ledger.values == {"k": "3"}
    assert not bench.runtime.shard(0).busy


def test_a_write_from_within_a_write_of_the_same_key_waits_its_turn(bench):
    order = []

    def inner(_):
        order.append("inner")
        return NOTHING

    def outer(_):
        bench.runtime.write(0, "k", inner)
        order.append("outer")
        return CoordinatorResult([CoordinatorRecord("k", "v")])

    bench.runtime.write(0, "k", outer).then(lambda _: order.append("answered"))
    assert order == ["outer", "inner", "answered"]


def test_a_failed_append_lets_the_queue_go_on(bench):
    bench.log.is_held = True
    first, second = bench.put("k", "1"), bench.put("k", "2")
    bench.log.release(NotEnoughReplicasError())
    assert isinstance(first.error, CoordinatorNotAvailableError)
    bench.log.release()
    assert second.value() == "done"
    assert bench.ledger.values == {"k": "2"}


def test_a_write_that_waits_too_long_is_answered_and_still_counts_if_it_gets_there(bench):
    bench.log.is_held = True
    told: list[object] = []
    answer = bench.put("k", "v", on_append=told.append)
    bench.scheduler.advance(5_000)
    assert isinstance(answer.error, CoordinatorNotAvailableError)
    assert not bench.ledger.values
    bench.log.release()
    assert bench.ledger.values == {"k": "v"}
    assert told == [None]


def test_a_write_that_waits_too_long_for_its_turn_is_answered_and_never_runs(bench):
    bench.log.is_held = True
    bench.put("k", "1")
    late = bench.put("k", "2")
    last = bench.put("k", "3")
    bench.scheduler.advance(5_000)
    assert isinstance(late.error, CoordinatorNotAvailableError)
    bench.log.release()
    assert bench.ledger.values == {"k": "1"}
    assert last.error is not None
    assert not bench.runtime.shard(0).busy
    assert not bench.log.held


def test_no_timer_stays_behind_a_write(bench):
    bench.log.is_held = True
    bench.put("k", "v")
    bench.log.release()
    assert bench.scheduler.pending_count == 0


def test_loading_replays_what_was_appended(bench):
    bench.put("a", "1")
    bench.put("b", "2")
    bench.put("a", None)
    bench.runtime.unload(0)
    assert bench.runtime.load(0).value() == 3
    assert bench.ledger.values == {"b": "2"}
    assert bench.ledger.is_loaded


def test_loading_passes_over_records_it_does_not_know(bench):
    bench.log.partitions[1] = [(b"unknown", b"?"), (b"k", b"v")]
    assert bench.runtime.load(1).value() == 2
    assert bench.runtime.shard(1).machine.values == {"k": "v"}


def test_loading_takes_turns_with_the_loop(bench, monkeypatch):
    monkeypatch.setattr(runtime_module, "LOAD_SLICE_MS", 0)
    monkeypatch.setattr(runtime_module, "LOAD_SLICE_RECORDS", 10)
    bench.log.partitions[1] = [(b"k%d" % number, b"v") for number in range(35)]
    loaded = bench.runtime.load(1)
    assert not loaded.is_done
    assert bench.runtime.loading_count == 1
    with pytest.raises(CoordinatorLoadInProgressError):
        bench.runtime.read(1, lambda _: None)
    assert isinstance(
        bench.runtime.write(1, "k", lambda _: NOTHING).error, CoordinatorLoadInProgressError
    )
    assert [partition for partition, _ in bench.runtime.machines()] == [0]
    bench.scheduler.run_soon()
    assert loaded.value() == 35
    assert bench.runtime.loading_count == 0
    assert len(bench.runtime.shard(1).machine.values) == 35


def test_unloading_ends_a_load_under_way(bench, monkeypatch):
    monkeypatch.setattr(runtime_module, "LOAD_SLICE_MS", 0)
    monkeypatch.setattr(runtime_module, "LOAD_SLICE_RECORDS", 1)
    bench.log.partitions[1] = [(b"k", b"v")] * 3
    loaded = bench.runtime.load(1)
    bench.runtime.unload(1)
    bench.scheduler.run_soon()
    assert isinstance(loaded.error, NotCoordinatorError)
    assert bench.runtime.partitions == [0]


def test_a_log_that_cannot_be_read_is_not_coordinated(bench):
    bench.log.partitions[1] = [(b"\xff\xfe", b"not text")]
    assert isinstance(bench.runtime.load(1).error, UnicodeDecodeError)
    with pytest.raises(NotCoordinatorError):
        bench.runtime.shard(1)


def test_loading_twice_changes_nothing(bench):
    bench.put("a", "1")
    ledger = bench.ledger
    bench.runtime.load(0)
    assert bench.ledger is ledger


def test_unloading_answers_whoever_waits(bench):
    bench.log.is_held = True
    told: list[object] = []
    first = bench.put("k", "1", on_append=told.append)
    second = bench.put("k", "2")
    ledger = bench.ledger
    bench.runtime.unload(0)
    assert isinstance(second.error, NotCoordinatorError)
    assert ledger.is_unloaded
    bench.log.release()
    assert isinstance(first.error, NotCoordinatorError)
    assert not ledger.values
    assert not told
    assert isinstance(bench.put("k", "3").error, NotCoordinatorError)


def test_a_handler_may_unload_its_own_shard(bench):
    def leave(_):
        bench.runtime.unload(0)
        return CoordinatorResult([CoordinatorRecord("k", "v")], "done")

    assert isinstance(bench.runtime.write(0, "k", leave).error, NotCoordinatorError)


def test_timers_end_with_the_shard(bench):
    record = CoordinatorRecord("k", "by timer")
    bench.ledger.timers.schedule("k", "t", 10, lambda: CoordinatorResult([record]))
    bench.runtime.close()
    bench.scheduler.advance(100)
    assert not bench.log.batches


def test_a_timer_is_a_write_of_its_group(bench):
    bench.log.is_held = True
    bench.put("k", "1")
    record = CoordinatorRecord("k", "by timer")
    bench.ledger.timers.schedule("k", "t", 10, lambda: CoordinatorResult([record]))
    bench.scheduler.advance(10)
    assert len(bench.log.held) == 1
    bench.log.release()
    bench.log.release()
    assert bench.ledger.values == {"k": "by timer"}


def test_a_timer_that_waits_for_its_turn_is_not_given_up(bench):
    bench.log.is_held = True
    bench.put("k", "1")
    late = bench.put("k", "2")
    record = CoordinatorRecord("k", "by timer")
    bench.ledger.timers.schedule("k", "t", 10, lambda: CoordinatorResult([record]))
    bench.scheduler.advance(60_000)
    assert late.error is not None
    bench.log.release()
    bench.log.release()
    assert bench.ledger.values == {"k": "by timer"}
    assert len(bench.ledger.timers) == 0
    assert not bench.runtime.shard(0).busy
    assert bench.scheduler.pending_count == 0


def test_a_timer_that_waits_for_its_turn_ends_with_the_shard(bench):
    bench.log.is_held = True
    bench.put("k", "1")
    ran: list[str] = []

    def run():
        ran.append("run")
        return NOTHING

    timers = bench.ledger.timers
    timers.schedule("k", "t", 10, run, retry_ms=10)
    bench.scheduler.advance(10)
    bench.runtime.unload(0)
    bench.log.release()
    bench.scheduler.advance(60_000)
    assert not ran
    assert len(timers) == 0


def test_state_that_cannot_take_what_is_in_the_log_is_loaded_again(bench):
    bench.put("a", "1")
    broken = bench.ledger
    broken.fail_replay = True
    assert isinstance(bench.put("b", "2").error, CoordinatorNotAvailableError)
    bench.scheduler.run_soon()
    assert bench.ledger is not broken
    assert bench.ledger.values == {"a": "1", "b": "2"}


def test_reads_see_what_is_replayed(bench):
    bench.put("k", "v")
    assert bench.runtime.read(0, lambda ledger: dict(ledger.values)) == {"k": "v"}
    with pytest.raises(NotCoordinatorError):
        bench.runtime.read(1, lambda ledger: ledger)


class Account(Ledger):
    """A ledger whose entries may be part of a transaction."""

    def __init__(self, timers) -> None:
        super().__init__(timers)
        self.pending: dict[int, dict[str, str]] = {}

    def replay_pending(self, offset, record, producer_id):
        del offset
        self.pending.setdefault(producer_id, {})[record.key] = record.value

    def end_transaction(self, producer_id, *, is_commit):
        taken = self.pending.pop(producer_id, {})
        if is_commit:
            self.values.update(taken)


class TransactionalBench(Bench):
    def __init__(self) -> None:
        super().__init__()
        self.runtime = CoordinatorRuntime(
            log=self.log, scheduler=self.scheduler, make_machine=Account
        )
        self.runtime.load(0)

    @property
    def ledger(self) -> Account:
        machine = self.runtime.shard(0).machine
        assert isinstance(machine, Account)
        return machine

    def put_in_transaction(self, key, value, producer_id):
        result = CoordinatorResult([CoordinatorRecord(key, value)], "done")
        producer = TransactionalProducer(producer_id, 0)
        return self.runtime.write(0, key, lambda _: result, producer)


@pytest.mark.parametrize("is_commit", [True, False])
@pytest.mark.parametrize("reload", [True, False])
def test_what_is_written_in_a_transaction_counts_from_its_end(is_commit, reload):
    bench = TransactionalBench()
    bench.put("a", "1")
    assert bench.put_in_transaction("a", "2", 7).value() == "done"
    bench.put_in_transaction("b", "3", 8)
    assert bench.ledger.values == {"a": "1"}
    bench.runtime.end_transaction(0, TransactionMarker(7, 0, is_commit, 0)).value()
    if reload:
        bench.runtime.unload(0)
        bench.runtime.load(0)
    assert bench.ledger.values == {"a": "2" if is_commit else "1"}
    assert bench.ledger.pending == {8: {"b": "3"}}


def test_a_marker_that_is_refused_changes_nothing():
    bench = TransactionalBench()
    bench.put_in_transaction("a", "2", 7)
    bench.log.fail_with = NotEnoughReplicasError()
    marker = TransactionMarker(7, 0, is_commit=True, coordinator_epoch=0)
    failed = bench.runtime.end_transaction(0, marker)
    assert isinstance(failed.error, CoordinatorNotAvailableError)
    assert bench.ledger.values == {}
    assert isinstance(bench.runtime.end_transaction(9, marker).error, NotCoordinatorError)


def test_a_machine_without_transactions_passes_over_their_ends(bench):
    bench.put("a", "1")
    bench.runtime.end_transaction(0, TransactionMarker(7, 0, is_commit=True, coordinator_epoch=0))
    bench.runtime.unload(0)
    assert bench.runtime.load(0).value() == 2
    assert bench.ledger.values == {"a": "1"}
