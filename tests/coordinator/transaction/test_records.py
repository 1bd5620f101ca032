"""Records of transactional ids: what comes back is what was written, in Kafka's schemas."""

import pytest

from logcore.coordinator.transaction.records import decode, encode
from logcore.coordinator.transaction.state import Transaction, TransactionState
from logcore.protocol.errors import MalformedMessageError, UnknownRecordTypeError
from logcore.protocol.internal.transaction import TransactionLogValue


def of(state: TransactionState) -> Transaction:
    partitions = frozenset() if state is TransactionState.EMPTY else frozenset(PLACES)
    return Transaction("tx", 7, 3, 60_000, state, 20, 10, partitions, 6, 8, client_version=2)


PLACES = [("t", 1), ("t", 0), ("u", 5)]
STORED = [state for state in TransactionState if state.name not in {"DEAD", "PREPARE_EPOCH_FENCE"}]


@pytest.mark.parametrize("state", STORED)
def test_a_round_trip_in_version_1(state):
    assert decode(*encode("tx", of(state), 1)) == ("tx", of(state))


@pytest.mark.parametrize("state", STORED)
def test_version_0_has_no_version_2_of_transactions(state):
    _, read = decode(*encode("tx", of(state), 0))
    assert read is not None
    assert (read.previous_producer_id, read.next_producer_id, read.client_version) == (-1, -1, 0)
    assert (read.producer_id, read.state, read.partitions) == (7, state, of(state).partitions)


def test_the_epoch_before_is_not_kept():
    transaction = Transaction("tx", 7, 3, 1, TransactionState.EMPTY, 1, last_epoch=2)
    _, read = decode(*encode("tx", transaction, 1))
    assert read is not None
    assert read.last_epoch == -1


def test_the_bytes_are_kafkas():
    key, value = encode("tx", of(TransactionState.ONGOING), 1)
    assert key == b"\0\0\0\2tx"
    assert value is not None
    assert value[:2] == b"\0\1"
    fields = TransactionLogValue.decode(memoryview(value)[2:], 1)
    topics = fields.transaction_partitions or []
    assert [(each.topic, each.partition_ids) for each in topics] == [("t", [0, 1]), ("u", [5])]
    _, empty = encode("tx", of(TransactionState.EMPTY), 1)
    assert empty is not None
    assert TransactionLogValue.decode(memoryview(empty)[2:], 1).transaction_partitions is None


def test_a_tombstone():
    key, value = encode("tx", None, 1)
    assert value is None
    assert decode(key, None) == ("tx", None)


def test_what_is_no_record():
    with pytest.raises(UnknownRecordTypeError):
        decode(b"\0\7\0\2tx", b"")
    with pytest.raises(MalformedMessageError):
        decode(b"\0\0\0\2tx", b"\0\1")
