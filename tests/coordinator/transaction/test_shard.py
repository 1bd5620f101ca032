"""The machine: bytes and records, replay, and what loading goes on with."""

from logcore.coordinator.result import CoordinatorRecord
from logcore.coordinator.transaction.shard import TransactionShard
from logcore.coordinator.transaction.state import Transaction, TransactionState


def of(transactional_id: str, state: TransactionState) -> CoordinatorRecord:
    return CoordinatorRecord(transactional_id, Transaction(transactional_id, 7, 0, 1, state, 1))


def make(resumed: list[str]) -> TransactionShard:
    return TransactionShard(lambda: 1, resumed.extend)


def test_replay_is_the_state():
    shard = make([])
    shard.replay(0, of("a", TransactionState.EMPTY))
    shard.replay(1, of("a", TransactionState.ONGOING))
    assert shard.transactions["a"].state is TransactionState.ONGOING
    shard.replay(2, CoordinatorRecord("a", None))
    shard.replay(3, CoordinatorRecord("a", None))
    assert not shard.transactions


def test_bytes_and_back():
    shard = make([])
    record = of("a", TransactionState.ONGOING)
    assert shard.decode(*shard.encode(record)) == record
    gone = CoordinatorRecord("a", None)
    assert shard.decode(*shard.encode(gone)) == gone
    assert shard.decode(b"\0\7zork", b"") is None


def test_what_is_decided_goes_on_once_loaded():
    resumed: list[str] = []
    shard = make(resumed)
    for state in TransactionState:
        shard.replay(0, of(state.name, state))
    shard.on_loaded()
    assert sorted(resumed) == ["PREPARE_ABORT", "PREPARE_COMMIT"]
    shard.on_unloaded()
