"""The share consumer, against our broker and Apache Kafka: records go to one member at a time."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain

import pytest

from logcore.admin.admin import Admin
from logcore.client.positions import TopicPartition
from logcore.common.config import ConfigError
from logcore.common.errors import (
    ClientClosedError,
    IllegalStateError,
    InvalidRecordStateError,
    SerializationError,
    WrongThreadError,
)
from logcore.consumer.acknowledgements import AcknowledgeType
from logcore.consumer.share_consumer import ShareConsumer
from logcore.consumer.share_record import ShareRecord
from logcore.producer.producer import Producer
from tests.consumer.filling import add, filled
from tests.consumer.sharing import explicit, is_settled, member, share_group, shown, some
from tests.eventually import eventually

ACCEPT, RELEASE, REJECT, RENEW = AcknowledgeType
"""What may become of a record."""


@pytest.fixture
def group(cluster):
    return share_group(cluster.bootstrap)


def test_several_members_get_every_record_once(cluster, group):
    topic = filled(cluster, 2, 3000, batch_size=2000)
    counts: list[int] = []

    def work():
        with member(cluster, group, topic, max_poll_records=100) as consumer:
            values, quiet = [], 0
            while quiet < 2 and sum(counts) < 3000:
                records = consumer.poll(1)
                values += [int(record.value) for record in records]
                counts.append(len(records))
                quiet = 0 if records or not values else quiet + 1
            assert all(error is None for error in consumer.commit().values())
            return values

    with ThreadPoolExecutor(3) as pool:
        shares = [each.result() for each in [pool.submit(work) for _ in range(3)]]
    assert sorted(chain.from_iterable(shares)) == list(range(3000))
    eventually(lambda: is_settled(cluster.bootstrap, group, topic, 2))


def test_each_record_becomes_what_was_said_of_it(cluster, group):
    topic = filled(cluster, 1, 8)
    told = []
    with explicit(cluster, group, topic) as consumer:
        consumer.set_acknowledgement_commit_callback(lambda *outcome: told.append(outcome))
        records = some(consumer)
        assert shown(records) == [(number, 1) for number in range(8)]
        for record, what in zip(records, [ACCEPT, RELEASE, REJECT, RENEW] * 2, strict=True):
            consumer.acknowledge(record, what)
        renewed = some(consumer)
        assert shown(renewed) == [(3, 1), (7, 1)], "renewed: the same delivery goes on"
        for record in renewed:
            consumer.acknowledge(record)
        released = some(consumer)
        assert shown(released) == [(1, 2), (5, 2)], "released: delivered again"
        for record in released:
            consumer.acknowledge(record, REJECT)
        place = TopicPartition(topic, 0)
        assert consumer.commit() == {place: None}
        assert consumer.poll(0.3) == []
    assert told == [(place, list(range(8)), None), (place, [3, 7], None), (place, [1, 5], None)]
    eventually(lambda: is_settled(cluster.bootstrap, group, topic))


def test_what_is_not_acknowledged_at_the_end_goes_back(cluster, group):
    topic = filled(cluster, 1, 10)
    with member(cluster, group, topic) as consumer:
        assert len(some(consumer)) == 10
    with explicit(cluster, group, topic) as consumer:
        records = some(consumer)
        assert shown(records) == [(number, 2) for number in range(10)]
        for record in records[:4]:
            consumer.acknowledge(record)
    with member(cluster, group, topic) as consumer:
        assert shown(some(consumer)) == [(number, 3) for number in range(4, 10)]
        consumer.commit()


@pytest.mark.parametrize("how", ["set", "forgotten", "deleted"])
def test_a_group_that_is_set_back_reads_again_beside_a_member_that_left(our_cluster, how):
    topic, group = filled(our_cluster, 1, 5), share_group(our_cluster.bootstrap)
    place = TopicPartition(topic, 0)
    with member(our_cluster, group, topic) as old, Admin(our_cluster.bootstrap) as admin:
        assert len(some(old)) == 5
        old.commit()
        old.unsubscribe()  # its connection stays
        if how == "set":
            admin.share_groups.set_offsets(group, {place: 0}).raise_for_errors()
        elif how == "forgotten":
            admin.share_groups.delete_offsets(group, [topic]).raise_for_errors()
        else:
            admin.groups.delete(group).raise_for_errors()
        with member(our_cluster, group, topic) as new:
            assert shown(some(new)) == [(number, 1) for number in range(5)]


def test_a_step_of_the_iteration_accepts_what_was_before(cluster, group):
    topic = filled(cluster, 1, 10)
    with member(cluster, group, topic) as consumer:
        for record in consumer:
            if record.value == b"6":
                break
    with member(cluster, group, topic) as consumer:
        records = some(consumer, 1) + list(consumer.records(timeout=0.5))
        assert shown(records) == [(6, 2), (7, 2), (8, 2), (9, 2)]
    eventually(lambda: is_settled(cluster.bootstrap, group, topic))


def test_records_are_limited(cluster, group):
    topic = filled(cluster, 1, 30)
    with member(cluster, group, topic, max_poll_records=4) as consumer:
        assert [len(some(consumer)), len(some(consumer, 3)), len(some(consumer, 100))] == [4, 3, 23]
    add(cluster, topic, 1, 30)
    told = {"share_acquire_mode": "record_limit", "max_poll_records": 4}
    with member(cluster, group, topic, **told) as one, member(cluster, group, topic) as two:
        assert len(some(one)) == 4
        assert len(some(two)) >= 26, "no more than four were acquired"


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_batches_of_every_codec(our_cluster, codec):
    topic = filled(our_cluster, 1, 500, compression_type=codec, linger_ms=20)
    with member(our_cluster, share_group(our_cluster.bootstrap), topic) as consumer:
        assert shown(some(consumer)) == [(number, 1) for number in range(500)]


def test_transactions(cluster):
    """Control records are never seen; what was aborted is, unless the group says otherwise."""
    topic = cluster.topic()
    settings = {"bootstrap_servers": cluster.bootstrap, "transactional_id": f"id-{topic}"}
    with Producer(**settings) as producer:
        producer.init_transactions()
        for first, is_committed in ((0, True), (10, False), (20, True)):
            producer.begin_transaction()
            for number in range(first, first + 10):
                producer.send(topic, b"%d" % number)
            producer.flush()
            producer.commit_transaction() if is_committed else producer.abort_transaction()
    for level, count in (("read_uncommitted", 30), ("read_committed", 20)):
        group = share_group(cluster.bootstrap, share_isolation_level=level)
        with member(cluster, group, topic) as consumer:
            records: list[ShareRecord] = []
            while len(records) < count:
                records += some(consumer)
            assert [int(each.value) for each in records if not 10 <= int(each.value) < 20] == [
                *range(10),
                *range(20, 30),
            ]
            consumer.poll(0.2)
        eventually(partial(is_settled, cluster.bootstrap, group, topic))


def test_a_member_that_is_killed_leaves_its_records_to_others(cluster, group):
    topic = filled(cluster, 1, 20)
    program = (
        "import sys, time\n"
        "from logcore.consumer.share_consumer import ShareConsumer\n"
        "address, group, topic = sys.argv[1:]\n"
        "consumer = ShareConsumer(topic, bootstrap_servers=address, group_id=group)\n"
        "while not (records := consumer.poll(1)): pass\n"
        "print(len(records), flush=True)\n"
        "time.sleep(100)\n"
    )
    command = [sys.executable, "-c", program, cluster.bootstrap, group, topic]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"20\n"
        with member(cluster, group, topic) as consumer:
            assert consumer.poll(0.2) == []
            os.kill(process.pid, signal.SIGKILL)
            assert shown(some(consumer)) == [(number, 2) for number in range(20)]


def test_topics_come_and_go(cluster, group):
    first, second = filled(cluster, 1, 5), filled(cluster, 2, 6)
    with member(cluster, group, first) as consumer:
        assert len(some(consumer)) == 5
        consumer.subscribe([second])
        records: list[ShareRecord] = []
        while len(records) < 6:
            records += some(consumer)
        assert {record.topic for record in records} == {second}
        assert consumer.subscription() == {second}
        consumer.unsubscribe()
        with pytest.raises(IllegalStateError, match="nothing is subscribed to"):
            consumer.poll(0)
        assert {each.topic for each, error in consumer.commit().items() if error is None} == {
            second
        }
        add(cluster, first, 1, 3)
        consumer.subscribe([first])
        assert shown(some(consumer)) == [(0, 1), (1, 1), (2, 1)], "the first five were accepted"


def test_what_no_deserializer_takes_is_released_and_may_be_rejected(cluster, group):
    topic = filled(cluster, 1, 6)

    def odd(data):
        if data == b"2":
            raise ValueError("two is right out")
        return int(data)

    with explicit(cluster, group, topic, value_deserializer=odd, key_deserializer=str) as consumer:
        before = some(consumer)
        assert [record.value for record in before] == [0, 1]
        for record in before:
            consumer.acknowledge(record)
        with pytest.raises(SerializationError, match=f"{topic}-0 at offset 2.*two") as caught:
            consumer.poll(5)
        after = some(consumer)
        assert [(record.value, record.delivery_count) for record in after] == [
            (3, 1),
            (4, 1),
            (5, 1),
        ]
        for record in after:
            consumer.acknowledge(record)
        with pytest.raises(SerializationError):
            some(consumer)
        assert caught.value.offset == 2
        consumer.acknowledge_offset((topic, 0), 2, REJECT)
        assert consumer.commit() == {TopicPartition(topic, 0): None}
    eventually(lambda: is_settled(cluster.bootstrap, group, topic))


def test_what_makes_no_sense_is_refused(our_cluster):
    topic, group = filled(our_cluster, 1, 3), share_group(our_cluster.bootstrap)
    with explicit(our_cluster, group, topic) as consumer:
        records = some(consumer)
        consumer.acknowledge(records[0])
        with pytest.raises(IllegalStateError, match=f"{topic}-0 at offset 1 is not acknowledged"):
            consumer.poll(0)
        assert consumer.commit() == {TopicPartition(topic, 0): None}
        with pytest.raises(IllegalStateError, match="offset 0 does not wait"):
            consumer.acknowledge(records[0])
        with pytest.raises(IllegalStateError, match="does not wait"):
            consumer.acknowledge_offset((topic, 7), 0, ACCEPT)
        for record in records[1:]:
            consumer.acknowledge(record, RELEASE)
    with member(our_cluster, group, topic) as consumer:
        with pytest.raises(IllegalStateError, match="mode explicit"):
            consumer.acknowledge(some(consumer)[0])
        with pytest.raises(ValueError, match="name the topics"):
            consumer.subscribe([])
    with member(our_cluster, group) as consumer, pytest.raises(IllegalStateError, match="nothing"):
        consumer.poll(0)
    with pytest.raises(ConfigError, match=r"needs a group\.id"):
        ShareConsumer("topic")
    with pytest.raises(ConfigError, match=r"auto\.offset\.reset"):
        member(our_cluster, group, auto_offset_reset="earliest")


def is_refused(consumer):
    try:
        consumer.commit_async()
    except WrongThreadError as error:
        return "another thread" in str(error)
    return False


def test_it_is_for_one_thread_at_a_time(our_cluster):
    topic, group = our_cluster.topic(), share_group(our_cluster.bootstrap)
    with member(our_cluster, group, topic) as consumer, ThreadPoolExecutor(1) as pool:
        polling = pool.submit(consumer.poll, 0.5)
        eventually(lambda: is_refused(consumer))
        assert polling.result() == []


def test_what_a_callback_does_wrong_reaches_who_polls(our_cluster):
    topic, group = filled(our_cluster, 1, 5), share_group(our_cluster.bootstrap)
    with member(our_cluster, group, topic) as consumer:
        consumer.set_acknowledgement_commit_callback(lambda *_: consumer.poll(0))
        assert len(some(consumer)) == 5
        with pytest.raises(IllegalStateError, match="not for its own callback"):
            consumer.commit()
        consumer.set_acknowledgement_commit_callback(None)
        add(our_cluster, topic, 1, 3)
        assert len(some(consumer)) == 3, "nothing is lost by it"


def test_after_close_nothing_goes_on(our_cluster):
    consumer = member(our_cluster, share_group(our_cluster.bootstrap), our_cluster.topic())
    consumer.close()
    consumer.close()
    for call in (consumer.poll, consumer.commit, consumer.commit_async, consumer.subscription):
        with pytest.raises(ClientClosedError):
            call()


def test_closing_from_another_thread_ends_a_wait(our_cluster):
    consumer = member(our_cluster, share_group(our_cluster.bootstrap), our_cluster.topic())
    timer = threading.Timer(0.3, consumer.close)
    timer.start()
    with pytest.raises(ClientClosedError):
        consumer.poll(20)
    timer.join()


@pytest.mark.long
@pytest.mark.timeout(120)
def test_locks_end_and_are_kept_by_renewals(cluster):
    """Fifteen seconds are the least that Apache Kafka lets a lock last, unless told otherwise."""
    topic = filled(cluster, 1, 4)
    group = share_group(cluster.bootstrap, share_record_lock_duration_ms="15000")
    with explicit(cluster, group, topic) as one, member(cluster, group, topic) as two:
        records = some(one)
        time.sleep(10)
        for record in records[:2]:
            one.acknowledge(record, RENEW)
        assert one.commit() == {TopicPartition(topic, 0): None}
        time.sleep(7)
        assert shown(some(two)) == [(2, 2), (3, 2)]
        for record in records[2:]:
            one.acknowledge(record)
        assert isinstance(one.commit()[TopicPartition(topic, 0)], InvalidRecordStateError)
        renewed = some(one)
        assert shown(renewed) == [(0, 1), (1, 1)]
        for record in renewed:
            one.acknowledge(record)
        assert one.commit() == {TopicPartition(topic, 0): None}
        two.commit()
    eventually(partial(is_settled, cluster.bootstrap, group, topic))
