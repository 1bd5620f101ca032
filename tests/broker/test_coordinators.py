"""Coordinators over real partitions: they load after a restart, and go on with what was decided."""

import time

from logcore.broker.coordinators import GROUP_TOPIC, SHARE_TOPIC, TRANSACTION_TOPIC
from logcore.coordinator.transaction.state import TransactionState
from tests.broker.handlers.share_states import initialize, new_key, read, write
from tests.broker.handlers.transacting import Producer, committed
from tests.broker.running import running_broker


def test_partitions_are_counted_from_the_topic_once_it_is_there(tmp_path):
    with running_broker(tmp_path, transaction_state_log_num_partitions="7") as running:
        Producer(running, "tx")
    with running_broker(tmp_path, transaction_state_log_num_partitions="9") as running:
        parts = running.broker.parts
        assert len(parts.controller.image.topics_by_name[TRANSACTION_TOPIC].partitions) == 7
        assert GROUP_TOPIC not in parts.controller.image.topics_by_name
        assert all(parts.transactions.partition_for(str(number)) < 7 for number in range(50))


def test_an_open_transaction_outlives_a_restart(tmp_path):
    with running_broker(tmp_path) as running:
        topic, producer = running.topic(), Producer(running, "tx")
        assert producer.init() == 0
        assert producer.write(topic, b"a").error_code == 0
        identity = producer.producer_id, producer.epoch
    with running_broker(tmp_path) as running:
        producer = Producer(running, "tx")
        producer.producer_id, producer.epoch = identity
        producer.sequences[topic, 0] = 1
        assert producer.write(topic, b"b").error_code == 0
        assert committed(running, topic) == []
        assert producer.end(is_commit=True) == 0
        assert committed(running, topic) == [b"a", b"b"]


def test_what_was_decided_is_completed_after_a_restart(tmp_path):
    with running_broker(tmp_path) as running:
        topic, producer = running.topic(), Producer(running, "tx")
        assert producer.init() == 0
        assert producer.write(topic, b"a").error_code == 0
        parts = running.broker.parts
        # The markers find no partition, as if the broker died before it wrote them.
        running.call(parts.replicas._partitions.pop, topic)
        assert producer.end(is_commit=True) == 0
        index = parts.transactions.partition_for("tx")
        shard = parts.transactions.runtime.shard(index).machine
        assert shard.transactions["tx"].state is TransactionState.PREPARE_COMMIT
    with running_broker(tmp_path) as running:
        assert committed(running, topic) == [b"a"]
        told = running.call(running.broker.parts.transactions.describe, "tx")
        assert told.transaction_state == "CompleteCommit"


def test_share_states_outlive_a_restart(tmp_path):
    settings = {"share_coordinator_state_topic_num_partitions": "3"}
    with running_broker(tmp_path, **settings) as running:
        wire = running.wire()
        keys = [new_key(running, wire) for _ in range(6)]
        for number, key in enumerate(keys):
            assert initialize(wire, key, offset=number).error_code == 0
            assert write(wire, key, (number, number + 9, 2, 1), start_offset=number).error_code == 0
    with running_broker(tmp_path, **settings) as running:
        wire = running.wire()
        for number, key in enumerate(keys):
            found = read(wire, key)
            assert (found.error_code, found.start_offset) == (0, number)
            (batch,) = found.state_batches
            assert (batch.first_offset, batch.last_offset) == (number, number + 9)


def test_share_states_are_pruned_on_disk(tmp_path):
    settings = {
        "share_coordinator_state_topic_num_partitions": "1",
        "share_coordinator_state_topic_prune_interval_ms": "50",
        "share_coordinator_snapshot_update_records_per_snapshot": "3",
    }
    with running_broker(tmp_path, **settings) as running:
        wire = running.wire()
        key = new_key(running, wire)
        initialize(wire, key, offset=0)
        for number in range(10):
            assert write(wire, key, (number, number, 2, 1)).error_code == 0
        log = running.broker.parts.replicas.get(SHARE_TOPIC, 0).log
        until = time.monotonic() + 10
        while log.start_offset < 8:
            assert time.monotonic() < until, "nothing is pruned"
            time.sleep(0.02)
    with running_broker(tmp_path, **settings) as running:
        found = read(running.wire(), key)
        (batch,) = found.state_batches
        assert (batch.first_offset, batch.last_offset) == (0, 9)
