"""The synchronous producer, against our broker and Apache Kafka."""

import os
import threading
from typing import Any

import numpy as np
import pytest

from logcore.common.config import ConfigError
from logcore.common.errors import (
    ClientClosedError,
    ClientTimeoutError,
    ForkedClientError,
    InvalidTopicError,
    MessageTooLargeError,
    UnknownTopicOrPartitionError,
)
from logcore.producer.producer import Producer
from tests.producer.reading import read_all


def test_a_record_arrives_with_all_that_it_has(cluster):
    topic = cluster.topic(3)
    with Producer(bootstrap_servers=cluster.bootstrap) as producer:
        metadata = producer.send(
            topic, b"value", b"key", partition=2, headers=[("a", b"1"), ("a", None)], timestamp=5
        ).result(10)
    assert (metadata.topic, metadata.partition, metadata.offset) == (topic, 2, 0)
    assert (metadata.timestamp, metadata.key_size, metadata.value_size) == (5, 3, 5)
    (record,) = read_all(cluster.bootstrap, topic)
    assert (record.key, record.value, record.timestamp) == (b"key", b"value", 5)
    assert record.headers == (("a", b"1"), ("a", None))


def test_tombstones_and_headers_from_a_mapping(cluster):
    topic = cluster.topic()
    with Producer(bootstrap_servers=cluster.bootstrap) as producer:
        producer.send(topic, None, b"gone", headers={"why": b"old"})
    (record,) = read_all(cluster.bootstrap, topic)
    assert (record.value, record.headers) == (None, (("why", b"old"),))


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_every_codec_is_read_back(cluster, codec):
    topic = cluster.topic()
    values = [b"%d " % number * 20 for number in range(2000)]
    with Producer(bootstrap_servers=cluster.bootstrap, compression_type=codec) as producer:
        assert producer.send_many(topic, values).result(30) == len(values)
    assert [record.value for record in read_all(cluster.bootstrap, topic)] == values


def test_records_of_a_partition_stay_in_order(cluster):
    topic = cluster.topic(4)
    with Producer(bootstrap_servers=cluster.bootstrap, batch_size=2000) as producer:
        deliveries = [
            producer.send(topic, b"%d" % number, b"%d" % (number % 10)) for number in range(5000)
        ]
    assert all(delivery.done() for delivery in deliveries)
    records = read_all(cluster.bootstrap, topic)
    assert len(records) == 5000
    for key in {record.key for record in records}:
        values = [int(record.value) for record in records if record.key == key]
        assert values == sorted(values)
        assert len({record.partition for record in records if record.key == key}) == 1


def test_records_without_keys_spread_over_partitions(cluster):
    topic = cluster.topic(4)
    with Producer(bootstrap_servers=cluster.bootstrap, batch_size=1000) as producer:
        producer.send_many(topic, [b"x" * 100] * 2000).result(30)
    assert {record.partition for record in read_all(cluster.bootstrap, topic)} == {0, 1, 2, 3}


def test_keys_may_be_dealt_by_turns_or_be_ignored(cluster):
    topic = cluster.topic(3)
    with Producer(bootstrap_servers=cluster.bootstrap, partitioner="roundrobin") as producer:
        producer.send_many(topic, [b"v"] * 6, [b"same"] * 6).result(10)
    partitions = [record.partition for record in read_all(cluster.bootstrap, topic)]
    assert sorted(partitions) == [0, 0, 1, 1, 2, 2]
    settings: dict[str, Any] = {"partitioner_ignore_keys": True, "batch_size": 100}
    with Producer(bootstrap_servers=cluster.bootstrap, **settings) as producer:
        deliveries = [producer.send(topic, b"v" * 50, b"same") for _ in range(30)]
        producer.flush(20)
    assert len({each.result(0).partition for each in deliveries}) > 1


def test_columns_are_sent_from_numpy(cluster):
    topic = cluster.topic()
    values: Any = np.frombuffer(b"aabbbc", dtype=np.uint8)
    lengths: Any = np.array([2, 3, -1, 1], dtype=np.int64)
    with Producer(bootstrap_servers=cluster.bootstrap) as producer:
        assert producer.send_columns(topic, values, lengths).result(10) == 4
    read = [record.value for record in read_all(cluster.bootstrap, topic)]
    assert read == [b"aa", b"bbb", None, b"c"]


def test_columns_are_sent_from_arrow(cluster):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is a peer of the benches")
    topic = cluster.topic()
    table = pyarrow.table({"name": ["a", None, "c"], "what": pyarrow.array([b"1", b"2", None])})
    with Producer(bootstrap_servers=cluster.bootstrap) as producer:
        deliveries = producer.send_columns(topic, table["what"], keys=table["name"], timestamp=5)
        assert deliveries.result(10) == 3
    read = [
        (record.key, record.value, record.timestamp)
        for record in read_all(cluster.bootstrap, topic)
    ]
    assert read == [(b"a", b"1", 5), (None, b"2", 5), (b"c", None, 5)]


def test_keys_go_with_values_in_bulk(cluster):
    topic = cluster.topic(3)
    with Producer(bootstrap_servers=cluster.bootstrap) as producer:
        producer.send_many(topic, [b"1", b"2"], [b"a", None]).result(10)
        where = producer.send(topic, b"3", b"a").result(10).partition
    records = {record.value: record for record in read_all(cluster.bootstrap, topic)}
    assert (records[b"1"].key, records[b"2"].key) == (b"a", None)
    assert records[b"1"].partition == where


def test_more_than_the_buffer_holds_is_sent_by_and_by(cluster):
    topic = cluster.topic()
    settings: dict[str, Any] = {"buffer_memory": 300_000, "batch_size": 50_000}
    with Producer(bootstrap_servers=cluster.bootstrap, **settings) as producer:
        for _ in range(30):
            producer.send(topic, b"x" * 40_000)
        assert producer.send_many(topic, [b"y" * 1000] * 3000).result(60) == 3000
    assert len(read_all(cluster.bootstrap, topic)) == 3030


def test_a_batch_that_the_broker_finds_too_large_goes_in_halves(cluster):
    topic = cluster.topic(max_message_bytes="20000")
    values = [b"%05d" % number * 200 for number in range(100)]
    with Producer(bootstrap_servers=cluster.bootstrap) as producer:
        deliveries = [producer.send(topic, value) for value in values]
        offsets = [delivery.result(30).offset for delivery in deliveries]
    assert offsets == list(range(100))
    assert [record.value for record in read_all(cluster.bootstrap, topic)] == values


def test_a_record_too_large_for_the_topic_fails_alone(cluster):
    topic = cluster.topic(max_message_bytes="20000")
    with Producer(bootstrap_servers=cluster.bootstrap) as producer:
        with pytest.raises(MessageTooLargeError, match="MESSAGE_TOO_LARGE"):
            producer.send(topic, b"x" * 30_000).result(20)
        assert producer.send(topic, b"small").result(20).offset == 0
        with pytest.raises(MessageTooLargeError, match=r"max\.request\.size"):
            producer.send(topic, b"x" * 2_000_000)


def test_without_idempotence_and_without_acknowledgement(cluster):
    topic = cluster.topic()
    settings = {"bootstrap_servers": cluster.bootstrap}
    with Producer(**settings, acks="0") as producer:
        assert producer.send(topic, b"nobody answers").result(10).offset == -1
    with Producer(**settings, acks="1", enable_idempotence=False) as producer:
        assert producer.send(topic, b"one has it").result(10).offset == 1


def test_callbacks_are_called_and_may_raise(our_cluster, caplog):
    topic = our_cluster.topic()
    seen = []

    def called(delivery):
        seen.append(delivery.result(0).offset)
        raise ValueError("not our fault")

    with Producer(bootstrap_servers=our_cluster.bootstrap) as producer:
        for _ in range(3):
            producer.send(topic, b"x", on_delivery=called)
    assert seen == [0, 1, 2]
    assert "a callback of a delivery raised" in caplog.text


def test_many_threads_may_send(our_cluster):
    topic = our_cluster.topic(2)

    def send(name):
        for number in range(500):
            producer.send(topic, b"%d" % number, name)

    with Producer(bootstrap_servers=our_cluster.bootstrap) as producer:
        names = [b"%d" % number for number in range(4)]
        threads = [threading.Thread(target=send, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    records = read_all(our_cluster.bootstrap, topic)
    for name in names:
        own = [int(record.value) for record in records if record.key == name]
        assert own == list(range(500))


def test_what_cannot_be_sent_says_why(our_cluster):
    topic = our_cluster.topic(2)
    with Producer(bootstrap_servers=our_cluster.bootstrap) as producer:
        with pytest.raises(TypeError, match="a value must be bytes or None, not str"):
            producer.send(topic, "text")
        producer.send(topic, b"known now").result(10)
        with pytest.raises(UnknownTopicOrPartitionError, match="has 2 partitions"):
            producer.send(topic, b"x", partition=2)


def test_a_topic_that_cannot_be_is_told_at_once(cluster):
    with (
        Producer(bootstrap_servers=cluster.bootstrap) as producer,
        pytest.raises(InvalidTopicError, match="no spaces allowed"),
    ):
        producer.send("no spaces allowed", b"x")


def test_nobody_there_is_told_within_max_block_ms():
    with (
        Producer(bootstrap_servers="127.0.0.1:1", max_block_ms=300) as producer,
        pytest.raises(ClientTimeoutError, match=r"127\.0\.0\.1:1"),
    ):
        producer.send("topic", b"x")


def test_after_close_nothing_is_taken(our_cluster):
    topic = our_cluster.topic()
    producer = Producer(bootstrap_servers=our_cluster.bootstrap)
    delivery = producer.send(topic, b"last words")
    producer.close()
    producer.close()
    assert delivery.result(0).offset == 0
    with pytest.raises(ClientClosedError):
        producer.send(topic, b"too late")
    with pytest.raises(ClientClosedError):
        producer.flush()


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(ConfigError, match=r"did you mean linger\.ms"):
        Producer(bootstrap_servers="localhost:1", linger_mss=5)


def test_the_child_of_a_fork_is_refused(our_cluster):
    topic = our_cluster.topic()
    with Producer(bootstrap_servers=our_cluster.bootstrap) as producer:
        producer.send(topic, b"parent").result(10)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                producer.send(topic, b"child")
            except ClientClosedError:
                try:
                    producer.flush()
                except ForkedClientError:
                    code = 0
            os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        assert producer.send(topic, b"parent again").result(10).offset == 1
