"""The synchronous consumer, against our broker and Apache Kafka."""

import re
import threading
import time
from typing import Any

import pytest

from logcore.client.positions import TopicPartition
from logcore.common.config import ConfigError
from logcore.common.errors import (
    ClientClosedError,
    CommitFailedError,
    IllegalStateError,
    NoOffsetForPartitionError,
    SerializationError,
)
from logcore.consumer.consumer import Consumer
from logcore.consumer.interceptor import ConsumerInterceptor
from logcore.consumer.listener import RebalanceListener
from logcore.producer.producer import Producer
from logcore.record import ConsumerRecord
from tests.consumer.filling import add, filled

EARLIEST: dict[str, Any] = {"auto_offset_reset": "earliest"}


def reading(cluster, *topics, **settings):
    return Consumer(*topics, bootstrap_servers=cluster.bootstrap, **{**EARLIEST, **settings})


def numbers(records):
    return sorted(int(record.value) for record in records)


def until(consumer, count, seconds=30.0):
    """Poll until there are so many records."""
    records: list[ConsumerRecord] = []
    deadline = time.monotonic() + seconds
    while len(records) < count:
        assert time.monotonic() < deadline, f"{len(records)} of {count} records"
        records += consumer.poll(0.2)
    return records


class Noting(RebalanceListener):
    def __init__(self):
        self.changes = []

    def on_assigned(self, partitions):
        self.changes.append(("assigned", [number for _, number in partitions]))

    def on_revoked(self, partitions):
        self.changes.append(("revoked", [number for _, number in partitions]))

    def on_lost(self, partitions):
        self.changes.append(("lost", [number for _, number in partitions]))


def test_assigned_partitions_are_read_in_order(cluster):
    topic = filled(cluster, 3, 300)
    with reading(cluster) as consumer:
        consumer.assign([(topic, number) for number in range(3)])
        records = list(consumer.records(timeout=1))
        assert numbers(records) == list(range(300))
        for partition in range(3):
            own = [record for record in records if record.partition == partition]
            assert [record.offset for record in own] == list(range(100))
            assert [int(record.value) for record in own] == list(range(partition, 300, 3))
        assert consumer.position((topic, 1)) == 100
        assert set(consumer.lag().values()) == {0}


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_group_of_one_reads_everything_and_goes_on_where_it_committed(cluster, protocol):
    topic, group = filled(cluster, 2, 100), cluster.group()
    settings = {"group_id": group, "group_protocol": protocol}
    with reading(cluster, topic, **settings) as consumer:
        assert numbers(until(consumer, 100)) == list(range(100))
    add(cluster, topic, 2, 10)
    with reading(cluster, topic, **settings) as consumer:
        assert numbers(until(consumer, 10)) == list(range(10))


def test_committing_without_waiting(cluster):
    topic, group = filled(cluster, 1, 100), cluster.group()
    where: dict[str, Any] = {"bootstrap_servers": cluster.bootstrap, "group_id": group}
    place = TopicPartition(topic, 0)
    with Consumer(topic, auto_offset_reset="earliest", enable_auto_commit=False, **where) as reader:
        assert len(reader.poll(20, 30)) == 30
        seen: list[bool] = []
        handed_out = reader.commit_async()
        handed_out.add_done_callback(lambda future: seen.append(future.exception() is None))
        assert len(reader.poll(20, 30)) == 30
        handed_out.result(20)
        assert reader.committed()[place].offset == 30
        assert seen == [True]
        reader.commit_async({place: 77})
    with Consumer(topic, **where) as reader:
        assert next(iter(reader)).offset == 77


@pytest.mark.parametrize(
    "settings",
    [
        {"partition_assignment_strategy": "range"},
        {"partition_assignment_strategy": "roundrobin"},
        {"partition_assignment_strategy": "sticky"},
        {"partition_assignment_strategy": "cooperative-sticky"},
        {"group_protocol": "consumer"},
    ],
    ids=lambda settings: next(iter(settings.values())),
)
def test_two_members_share_partitions_and_one_takes_over(cluster, settings):
    topic, group = filled(cluster, 4, 100), cluster.group()
    settings = {"group_id": group, **settings}
    first_notes, second_notes = Noting(), Noting()
    with reading(cluster, **settings) as first:
        first.subscribe([topic], first_notes)
        seen = until(first, 100)
        with reading(cluster, **settings) as second:
            second.subscribe([topic], second_notes)
            deadline = time.monotonic() + 40
            while len(first.assignment()) != 2 or len(second.assignment()) != 2:
                assert time.monotonic() < deadline, (first.assignment(), second.assignment())
                seen += first.poll(0.1) + second.poll(0.1)
            assert set(first.assignment()).isdisjoint(second.assignment())
            add(cluster, topic, 4, 40)
            seen += until(second, 20) + until(first, 20)
        deadline = time.monotonic() + 40
        while len(first.assignment()) != 4:
            assert time.monotonic() < deadline
            first.poll(0.1)
        add(cluster, topic, 4, 8)
        assert len(until(first, 8)) == 8
    assert len(seen) == 140, "nothing twice: positions were committed when partitions moved"
    assert second_notes.changes[0][0] == "assigned"
    assert ("assigned", [0, 1, 2, 3]) in first_notes.changes
    if settings.get("partition_assignment_strategy") in (None, "cooperative-sticky"):
        moved = [numbers for change, numbers in first_notes.changes if change == "revoked"]
        assert len(moved[0]) == 2, "only what moves is given up"


def test_a_static_member_comes_back_to_its_partitions(cluster):
    topic, group = filled(cluster, 2, 10), cluster.group()
    settings = {"group_id": group, "group_instance_id": "me"}
    with reading(cluster, topic, **settings) as consumer:
        until(consumer, 10)
        before = consumer.group_facts()
    with reading(cluster, topic, **settings) as consumer:
        add(cluster, topic, 2, 4)
        assert len(until(consumer, 4)) == 4
        after = consumer.group_facts()
    assert (before.instance_id, after.instance_id) == ("me", "me")
    assert after.generation == before.generation, "no rebalance"


def test_a_pattern_follows_topics_that_come_later(cluster):
    first = filled(cluster, 1, 10)
    prefix = f"{first}-family"
    settings = {"group_id": cluster.group(), "metadata_max_age_ms": 300}
    with (
        reading(cluster, **settings) as consumer,
        Producer(bootstrap_servers=cluster.bootstrap) as producer,
    ):
        consumer.subscribe(re.compile(re.escape(first) + ".*"))
        assert len(until(consumer, 10)) == 10
        producer.send(f"{prefix}-late", b"7").result(20)
        (record,) = until(consumer, 1)
        assert record.topic == f"{prefix}-late"


def test_seeking_pausing_and_resuming(cluster):
    topic = filled(cluster, 2, 100)
    with reading(cluster) as consumer:
        consumer.assign([(topic, 0), (topic, 1)])
        until(consumer, 100)
        consumer.seek((topic, 0), 45)
        assert [record.offset for record in until(consumer, 5)] == [45, 46, 47, 48, 49]
        consumer.pause((topic, 0))
        consumer.seek_to_beginning()
        assert {record.partition for record in until(consumer, 50)} == {1}
        assert consumer.poll(0.3) == []
        assert consumer.paused() == [TopicPartition(topic, 0)]
        consumer.resume((topic, 0))
        assert len(until(consumer, 50)) == 50
        consumer.seek_to_end((topic, 0))
        assert consumer.position((topic, 0)) == 50


def test_seeking_in_the_middle_of_an_iteration(cluster):
    topic = filled(cluster, 1, 100)
    with reading(cluster) as consumer:
        consumer.assign([(topic, 0)])
        offsets = []
        for record in consumer.records(timeout=1):
            offsets.append(record.offset)
            if record.offset == 10 and len(offsets) == 11:
                consumer.seek((topic, 0), 98)
        assert offsets == [*range(11), 98, 99]


def test_an_iteration_that_is_left_goes_on_where_it_was(cluster):
    topic = filled(cluster, 1, 50)
    with reading(cluster) as consumer:
        consumer.assign([(topic, 0)])
        for record in consumer:
            if record.offset == 19:
                break
        assert consumer.position((topic, 0)) == 20
        assert [record.offset for record in consumer.poll(1, 3)] == [20, 21, 22]
        assert sum(map(len, consumer.batches(timeout=0.5, max_records=10))) == 27


def test_columns(cluster):
    topic = filled(cluster, 1, 200, compression_type="zstd", batch_size=500)
    plain = filled(cluster, 1, 200, batch_size=500)
    with reading(cluster) as consumer:
        for name in (topic, plain):
            consumer.assign([(name, 0)])
            consumer.seek((name, 0), 5)
            values: list[bytes] = []
            keys: list[bytes] = []
            while len(values) < 195 and (batch := consumer.poll_columns(20)) is not None:
                assert (batch.topic, batch.partition) == (name, 0)
                values += batch.columns.values()
                keys += batch.columns.keys()
            assert [int(value) for value in values] == list(range(5, 200))
            assert keys[0] == b"k0"


def test_without_a_reset_a_missing_offset_is_told(cluster):
    topic = filled(cluster, 1, 5)
    with reading(cluster, group_id=cluster.group(), auto_offset_reset="none") as consumer:
        consumer.assign([(topic, 0)])
        with pytest.raises(NoOffsetForPartitionError, match=f"{topic}-0") as caught:
            consumer.poll(10)
        assert caught.value.partitions == ((topic, 0),)
        consumer.seek((topic, 0), 2)
        assert len(until(consumer, 3)) == 3


def test_an_offset_out_of_range_is_reset(cluster):
    topic = filled(cluster, 1, 5)
    with reading(cluster) as consumer:
        consumer.assign([(topic, 0)])
        consumer.seek((topic, 0), 1000)
        assert [record.offset for record in until(consumer, 5)] == [0, 1, 2, 3, 4]


def test_a_partition_that_is_paused_in_the_middle_goes_on_there(cluster):
    topic = filled(cluster, 2, 60)
    with reading(cluster) as consumer:
        consumer.assign([(topic, 0), (topic, 1)])
        first = consumer.poll(5, 10)
        paused = (topic, first[0].partition)
        consumer.pause(paused)
        others = until(consumer, 30)
        assert {record.partition for record in others} == {1 - paused[1]}
        assert consumer.position(paused) == 10
        consumer.resume(paused)
        assert [record.offset for record in until(consumer, 20)] == list(range(10, 30))


def test_arrow(cluster):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is a peer of the benches")
    topic = filled(cluster, 2, 200, compression_type="lz4")
    with reading(cluster) as consumer:
        consumer.assign([(topic, 0), (topic, 1)])
        consumer.seek((topic, 1), 90)
        assert len(consumer.poll(5, 3)) == 3
        tables = []
        while (batches := consumer.poll_arrow(0.5)) is not None:
            tables.append(pyarrow.table(batches))
            assert tables[-1].num_rows == len(batches)
        table = pyarrow.concat_tables(tables, promote_options="permissive")
        assert (table.num_rows, set(consumer.lag().values())) == (107, {0})
    ours = table.filter(pyarrow.compute.equal(table["partition"], 1))
    assert ours["value"].to_pylist()[-1] == b"199"
    assert set(table["topic"].to_pylist()) == {topic}


def test_columns_are_bytes_whatever_hooks_have_seen(our_cluster):
    topic, seen = filled(our_cluster, 1, 20), list[int]()

    class Seeing(ConsumerInterceptor):
        def on_consume(self, records):
            seen.extend(record.value for record in records)
            return records

    settings = {"value_deserializer": int, "interceptors": [Seeing()]}
    with reading(our_cluster, **settings) as consumer:
        consumer.assign([(topic, 0)])
        assert next(iter(consumer)).value == 0
        assert seen == list(range(20))
        batch = consumer.poll_columns(5)
        assert batch is not None
        assert batch.columns.values() == [b"%d" % number for number in range(1, 20)]
        consumer.seek((topic, 0), 0)
        assert next(consumer.records()).value == 0
        arrow = consumer.poll_arrow(5)
        assert arrow is not None
        assert len(arrow) == 19


def test_deserializers_make_something_of_bytes(cluster):
    topic = filled(cluster, 1, 5)

    def odd(data):
        if data == b"3":
            raise ValueError("three is right out")
        return int(data)

    settings = {"value_deserializer": odd, "key_deserializer": bytes.decode}
    with reading(cluster, **settings) as consumer:
        consumer.assign([(topic, 0)])
        records = consumer.records(timeout=5)
        assert [(next(records).key, next(records).value), next(records).value] == [("k0", 1), 2]
        with pytest.raises(SerializationError, match=f"{topic}-0 at offset 3.*three") as caught:
            next(records)
        assert (caught.value.offset, type(caught.value.__cause__)) == (3, ValueError)
        assert next(consumer.records(timeout=5)).value == 4
        consumer.seek_to_beginning()
        assert [record.value for record in until(consumer, 3)] == [0, 1, 2]
        with pytest.raises(SerializationError, match="at offset 3"):
            consumer.poll(5)
        assert [record.value for record in until(consumer, 1)] == [4]


def test_who_polls_too_late_loses_its_partitions_and_is_told(our_cluster):
    topic, group = filled(our_cluster, 1, 10), our_cluster.group()
    settings = {
        "group_id": group, "max_poll_interval_ms": 300, "heartbeat_interval_ms": 50,
        "enable_auto_commit": False,
    }  # fmt: skip
    notes = Noting()
    with reading(our_cluster, **settings) as consumer:
        consumer.subscribe(topic, notes)
        until(consumer, 10)
        time.sleep(1)
        with pytest.raises(CommitFailedError, match=r"max\.poll\.interval\.ms"):
            consumer.commit()
        assert len(until(consumer, 10)) == 10, "nothing was committed: all is read again"
        assert [change for change, _ in notes.changes] == ["assigned", "lost", "assigned"]


def test_a_listener_may_call_the_consumer(our_cluster):
    topic = filled(our_cluster, 1, 10)

    class Seeking(RebalanceListener):
        def on_assigned(self, partitions):
            consumer.seek(partitions[0], 8)

        def on_revoked(self, partitions):
            consumer.commit({partitions[0]: 9})

    group = our_cluster.group()
    with reading(our_cluster, group_id=group, enable_auto_commit=False) as consumer:
        consumer.subscribe(topic, Seeking())
        assert len(until(consumer, 2)) == 2
    with reading(our_cluster, group_id=group) as consumer:
        assert consumer.committed((topic, 0))[TopicPartition(topic, 0)].offset == 9


def test_what_a_listener_raises_reaches_who_polls(our_cluster):
    class Raising(RebalanceListener):
        def on_assigned(self, partitions):
            raise ValueError(f"not today {partitions}")

    with reading(our_cluster, group_id=our_cluster.group()) as consumer:
        consumer.subscribe(filled(our_cluster), Raising())
        with pytest.raises(ValueError, match="not today"):
            until(consumer, 1)


def test_what_makes_no_sense_is_refused(our_cluster):
    topic = filled(our_cluster)
    with reading(our_cluster) as consumer:
        with pytest.raises(ConfigError, match=r"needs a group\.id"):
            consumer.subscribe(topic)
        with pytest.raises(ConfigError, match=r"needs a group\.id"):
            consumer.commit({(topic, 0): 1})
        consumer.assign([(topic, 0)])
        with pytest.raises(IllegalStateError, match="not assigned"):
            consumer.seek((topic, 1), 0)
        with pytest.raises(ValueError, match="negative"):
            consumer.seek((topic, 0), -1)
    with pytest.raises(ConfigError, match=r"did you mean group\.id"):
        Consumer(grup_id="x")


def test_after_close_nothing_is_handed_out(our_cluster):
    consumer = reading(our_cluster)
    consumer.close()
    consumer.close()
    with pytest.raises(ClientClosedError):
        consumer.poll(0)
    with pytest.raises(ClientClosedError):
        consumer.assignment()


def test_closing_from_another_thread_ends_a_wait(our_cluster):
    consumer = reading(our_cluster)
    consumer.assign([(our_cluster.topic(), 0)])
    timer = threading.Timer(0.3, consumer.close)
    timer.start()
    with pytest.raises(ClientClosedError):
        consumer.poll(20)
    timer.join()
