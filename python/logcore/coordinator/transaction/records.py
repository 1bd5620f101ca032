"""The records of transactional ids, as Kafka writes them into ``__transaction_state``.

Invariant: what Kafka keeps in its log is written and read, the epoch before (`last_epoch`) is not,
as in Kafka; partitions are grouped by topic. Values are written in version 0 unless the cluster has
transactions of version 1 or newer, whose brokers all read tagged fields.
Neighbours: `shard` encodes and decodes with this; `protocol.internal.transaction` has the schemas.
"""

from logcore.coordinator.log import EncodedRecord
from logcore.coordinator.transaction.state import Transaction, TransactionState
from logcore.protocol.internal.coordinator_record import (
    TRANSACTION_RECORDS,
    decode_key,
    decode_value,
    encode_key,
    encode_value,
)
from logcore.protocol.internal.transaction import (
    PartitionsSchema,
    TransactionLogKey,
    TransactionLogValue,
)


def encode(
    transactional_id: str, transaction: Transaction | None, value_version: int
) -> EncodedRecord:
    """Make bytes of what is known of an id; None is a tombstone."""
    key = encode_key(TransactionLogKey(transactional_id=transactional_id))
    if transaction is None:
        return key, None
    by_topic: dict[str, list[int]] = {}
    for topic, partition in sorted(transaction.partitions):
        by_topic.setdefault(topic, []).append(partition)
    topics = [
        PartitionsSchema(topic=topic, partition_ids=partitions)
        for topic, partitions in by_topic.items()
    ]
    is_empty = transaction.state is TransactionState.EMPTY
    value = TransactionLogValue(
        producer_id=transaction.producer_id,
        previous_producer_id=transaction.previous_producer_id,
        next_producer_id=transaction.next_producer_id,
        producer_epoch=transaction.producer_epoch,
        transaction_timeout_ms=transaction.timeout_ms,
        transaction_status=int(transaction.state),
        transaction_partitions=None if is_empty else topics,
        transaction_last_update_timestamp_ms=transaction.updated_ms,
        transaction_start_timestamp_ms=transaction.started_ms,
        client_transaction_version=transaction.client_version,
    )
    if value_version == 0:
        value.previous_producer_id = value.next_producer_id = -1
        value.client_transaction_version = 0
    return key, encode_value(value, value_version)


def decode(key: bytes, value: bytes | None) -> tuple[str, Transaction | None]:
    """Make id and transaction of bytes.

    Raises:
        MalformedMessageError: If they are no such record.
        UnknownRecordTypeError: If the key is of another kind.
    """
    decoded = decode_key(key, TRANSACTION_RECORDS)
    assert isinstance(decoded, TransactionLogKey), "the topic has one kind of record"
    if value is None:
        return decoded.transactional_id, None
    fields = decode_value(decoded, value, TRANSACTION_RECORDS)
    assert isinstance(fields, TransactionLogValue), "the value is of the key's kind"
    partitions = frozenset(
        (topic.topic, partition)
        for topic in fields.transaction_partitions or ()
        for partition in topic.partition_ids
    )
    transaction = Transaction(
        transactional_id=decoded.transactional_id,
        producer_id=fields.producer_id,
        producer_epoch=fields.producer_epoch,
        timeout_ms=fields.transaction_timeout_ms,
        state=TransactionState(fields.transaction_status),
        updated_ms=fields.transaction_last_update_timestamp_ms,
        started_ms=fields.transaction_start_timestamp_ms,
        partitions=partitions,
        previous_producer_id=fields.previous_producer_id,
        next_producer_id=fields.next_producer_id,
        client_version=fields.client_transaction_version,
    )
    return decoded.transactional_id, transaction
