"""What is alive in the internal topics: tombstones, transactions and kinds of groups."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from logcore.broker.takeover.internal_topics import (
    GROUP_TOPIC,
    SHARE_TOPIC,
    TRANSACTION_TOPIC,
    Kept,
    read_internal,
)
from logcore.log import Log
from logcore.protocol.internal import coordinator_record as coded
from logcore.protocol.internal.classic_group import (
    GroupMetadataKey,
    GroupMetadataValue,
    OffsetCommitKey,
    OffsetCommitValue,
)
from logcore.protocol.internal.consumer_group import (
    ConsumerGroupMetadataKey,
    ConsumerGroupMetadataValue,
)
from logcore.protocol.internal.share import ShareSnapshotKey, ShareSnapshotValue
from logcore.protocol.internal.transaction import TransactionLogKey, TransactionLogValue

OFFSET = OffsetCommitValue(offset=5)
GROUP = GroupMetadataValue(protocol_type="consumer", protocol=None, leader=None)


def log_of(path: Path, records: Iterable[tuple[Any, Any]]) -> Path:
    with Log(path) as log:
        for key, value in records:
            held = None if value is None else coded.encode_value(value, 0)
            log.append(held, key=coded.encode_key(key))
    return path


def test_what_was_removed_does_not_count(tmp_path):
    groups = log_of(
        tmp_path / "groups",
        [
            (GroupMetadataKey(group="a"), GROUP),
            (OffsetCommitKey(group="a", topic="t", partition=0), OFFSET),
            (OffsetCommitKey(group="a", topic="t", partition=1), OFFSET),
            (OffsetCommitKey(group="a", topic="t", partition=1), None),
            (GroupMetadataKey(group="b"), GROUP),
            (GroupMetadataKey(group="b"), None),
            (ConsumerGroupMetadataKey(group_id="b"), ConsumerGroupMetadataValue(epoch=1)),
            (GroupMetadataKey(group="b"), None),
            (GroupMetadataKey(group="c"), GROUP),
            (GroupMetadataKey(group="c"), None),
        ],
    )
    kept = read_internal([(GROUP_TOPIC, groups)])
    assert kept == Kept({"a": "classic", "b": "consumer"}, {("a", "t", 0)})


def test_transactional_ids_by_their_newest_state(tmp_path):
    ids = log_of(
        tmp_path / "ids",
        [
            (TransactionLogKey(transactional_id="x"), TransactionLogValue(transaction_status=1)),
            (TransactionLogKey(transactional_id="x"), TransactionLogValue(transaction_status=4)),
            (TransactionLogKey(transactional_id="y"), TransactionLogValue(transaction_status=2)),
            (TransactionLogKey(transactional_id="z"), TransactionLogValue(transaction_status=1)),
            (TransactionLogKey(transactional_id="z"), None),
        ],
    )
    kept = read_internal([(TRANSACTION_TOPIC, ids)])
    assert kept.transactions == {"x": 4, "y": 2}
    assert kept.under_way == 1


def test_share_state(tmp_path):
    key = ShareSnapshotKey(group_id="s", topic_id=bytes(16), partition=3)
    state = log_of(tmp_path / "state", [(key, ShareSnapshotValue())])
    assert read_internal([(SHARE_TOPIC, state)]).share_partitions == {("s", bytes(16), 3)}


def test_a_log_that_cannot_be_read_is_a_reason(tmp_path):
    state = log_of(tmp_path / "state", [(TransactionLogKey(transactional_id="x"), None)])
    kept = read_internal([(SHARE_TOPIC, state), (SHARE_TOPIC, tmp_path / "absent")])
    assert len(kept.reasons) == 2
    assert "absent is not fully understood" in kept.reasons[1]
