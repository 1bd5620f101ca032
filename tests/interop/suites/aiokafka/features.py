"""What users of aiokafka ask of a broker, one test a feature. BOOTSTRAP names the broker."""

import asyncio
import functools
import inspect
import os
import uuid

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import ProducerFenced, TopicAlreadyExistsError

BOOTSTRAP = os.environ["BOOTSTRAP"]
VALUES = [b"%d" % i for i in range(200)]


def bounded(test):
    """Runs a coroutine test to its end, or fails it after 40 seconds."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 40))

    return run


@pytest.fixture
def topic():
    return f"aiokafka-{uuid.uuid4()}"


def producer(**options):
    return AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, **options)


def consumer(*topics, **options):
    return AIOKafkaConsumer(
        *topics, bootstrap_servers=BOOTSTRAP, **{"auto_offset_reset": "earliest", **options}
    )


def admin():
    return AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP)


async def create(topic, partitions=1, **config):
    async with Admin() as client:
        await client.create_topics([NewTopic(topic, partitions, 1, topic_configs=config)])


class Admin:
    """An admin client as a context manager, which aiokafka's is not."""

    async def __aenter__(self):
        self.client = admin()
        await self.client.start()
        return self.client

    async def __aexit__(self, *_):
        await self.client.close()


async def produce(topic, values=VALUES, **options):
    async with producer(**options) as p:
        sent = [await p.send(topic, value, partition=0) for value in values]
        return await asyncio.gather(*sent)


async def read(count, *topics, **options):
    async with consumer(*topics, **options) as c:
        return [await c.getone() for _ in range(count)]


def values(records):
    return [record.value for record in records]


@pytest.mark.parametrize("codec", [None, "gzip", "snappy", "lz4", "zstd"])
@bounded
async def test_codec(topic, codec):
    await create(topic)
    await produce(topic, compression_type=codec, linger_ms=20)
    assert values(await read(len(VALUES), topic)) == VALUES


@pytest.mark.parametrize("acks", [0, 1, "all"])
@bounded
async def test_acks(topic, acks):
    await create(topic)
    await produce(topic, acks=acks)
    assert values(await read(len(VALUES), topic)) == VALUES


@bounded
async def test_key_headers_timestamp(topic):
    await create(topic)
    async with producer() as p:
        sent = await p.send_and_wait(
            topic, b"v", key=b"k", headers=[("h", b"x"), ("n", b"")], timestamp_ms=1_700_000_000_123
        )
    (got,) = await read(1, topic)
    assert (got.key, got.value, got.headers) == (b"k", b"v", (("h", b"x"), ("n", b"")))
    assert (got.offset, got.timestamp) == (sent.offset, 1_700_000_000_123)


@bounded
async def test_tombstone_and_empty_value(topic):
    await create(topic)
    await produce(topic, [b"", b"x"])
    async with producer() as p:
        await p.send_and_wait(topic, None, key=b"k")
    assert values(await read(3, topic)) == [b"", b"x", None]


@bounded
async def test_auto_create_topic(topic):
    await produce(topic, [b"first"])
    assert values(await read(1, topic)) == [b"first"]


@bounded
async def test_log_append_time(topic):
    await create(topic, **{"message.timestamp.type": "LogAppendTime"})
    async with producer() as p:
        await p.send_and_wait(topic, b"v", timestamp_ms=1)
    (got,) = await read(1, topic)
    assert got.timestamp_type == 1
    assert got.timestamp > 1_600_000_000_000


@bounded
async def test_idempotent_producer(topic):
    await create(topic)
    metadata = await produce(topic, enable_idempotence=True)
    assert [m.offset for m in metadata] == list(range(len(VALUES)))


@bounded
async def test_offsets_and_seek(topic):
    await create(topic)
    await produce(topic)
    partition = TopicPartition(topic, 0)
    async with consumer() as c:
        c.assign([partition])
        assert await c.beginning_offsets([partition]) == {partition: 0}
        assert await c.end_offsets([partition]) == {partition: 200}
        c.seek(partition, 150)
        assert (await c.getone()).offset == 150
        await c.seek_to_end(partition)
        assert await c.position(partition) == 200
        await c.seek_to_beginning(partition)
        assert (await c.getone()).offset == 0


@bounded
async def test_offsets_for_times(topic):
    await create(topic)
    async with producer() as p:
        for i in range(10):
            await p.send_and_wait(topic, b"v", timestamp_ms=1_700_000_000_000 + i * 1000)
    partition = TopicPartition(topic, 0)
    async with consumer() as c:
        found = await c.offsets_for_times({partition: 1_700_000_004_500})
        assert (found[partition].offset, found[partition].timestamp) == (5, 1_700_000_005_000)
        assert (await c.offsets_for_times({partition: 1_800_000_000_000}))[partition] is None


@bounded
async def test_pause_and_resume(topic):
    await create(topic)
    await produce(topic, VALUES[:2])
    async with consumer(topic) as c:
        assert (await c.getone()).offset == 0
        c.pause(*c.assignment())
        assert await c.getmany(timeout_ms=500) == {}
        c.resume(*c.assignment())
        assert (await c.getone()).offset == 1


@bounded
async def test_fetch_limits(topic):
    await create(topic)
    await produce(topic, [b"x" * 10_000] * 30)
    assert len(await read(30, topic, max_partition_fetch_bytes=5_000, fetch_max_bytes=20_000)) == 30


@bounded
async def test_group_resumes_from_commit(topic):
    await create(topic)
    await produce(topic)
    async with consumer(topic, group_id=topic, enable_auto_commit=False) as c:
        for _ in range(120):
            await c.getone()
        await c.commit()
        assert await c.committed(TopicPartition(topic, 0)) == 120
    assert values(await read(80, topic, group_id=topic)) == VALUES[120:]


class Assigned(ConsumerRebalanceListener):  # type: ignore[misc]  # its module is Any
    """Keeps a member's latest assignment."""

    def __init__(self):
        self.partitions = set()

    async def on_partitions_revoked(self, revoked):  # noqa: ARG002 - the client passes it
        self.partitions = set()

    async def on_partitions_assigned(self, assigned):
        self.partitions = set(assigned)


@bounded
async def test_group_rebalances(topic):
    await create(topic, 4)
    options = {"group_id": topic, "session_timeout_ms": 6000, "heartbeat_interval_ms": 500}
    first, second = Assigned(), Assigned()
    async with consumer(**options) as one:
        one.subscribe([topic], listener=first)
        await until(lambda: len(first.partitions) == 4)
        async with consumer(**options) as two:
            two.subscribe([topic], listener=second)
            await until(lambda: len(first.partitions) == len(second.partitions) == 2)
            assert not first.partitions & second.partitions
        await until(lambda: len(first.partitions) == 4)


async def until(condition):
    """Wait for what a broker does in its own time: a plain condition, or one of a coroutine."""
    while True:
        holds = condition()
        if await holds if inspect.isawaitable(holds) else holds:
            return
        await asyncio.sleep(0.1)


@bounded
async def test_pattern_subscription(topic):
    await create(f"{topic}-a")
    await create(f"{topic}-b")
    await produce(f"{topic}-a", [b"a"])
    await produce(f"{topic}-b", [b"b"])
    async with consumer(group_id=topic) as c:
        c.subscribe(pattern=f"^{topic}-.*")
        assert {(await c.getone()).value for _ in range(2)} == {b"a", b"b"}


@bounded
async def test_transaction_commit_and_abort(topic):
    await create(topic)
    async with producer(transactional_id=topic) as p:
        async with p.transaction():
            await p.send(topic, b"kept", partition=0)
        await p.begin_transaction()
        await p.send_and_wait(topic, b"dropped", partition=0)
        await p.abort_transaction()
        async with p.transaction():
            await p.send(topic, b"also kept", partition=0)
    assert values(await read(2, topic, isolation_level="read_committed")) == [b"kept", b"also kept"]
    assert values(await read(3, topic)) == [b"kept", b"dropped", b"also kept"]


@bounded
async def test_open_transaction_holds_back_readers(topic):
    await create(topic)
    async with producer(transactional_id=topic) as p:
        await p.begin_transaction()
        await p.send_and_wait(topic, b"pending", partition=0)
        async with consumer(topic, isolation_level="read_committed") as c:
            assert await c.getmany(timeout_ms=1000) == {}
            await p.commit_transaction()
            assert (await c.getone()).value == b"pending"


@bounded
async def test_transaction_sends_offsets(topic):
    await create(topic)
    await produce(topic)
    partition = TopicPartition(topic, 0)
    async with consumer(topic, group_id=topic, enable_auto_commit=False) as c:
        await c.getone()
        async with producer(transactional_id=topic) as p, p.transaction():
            await p.send_offsets_to_transaction({partition: 77}, topic)

        async def is_committed():  # the marker is written later than a commit returns
            return await c.committed(partition) is not None

        await until(is_committed)
        assert await c.committed(partition) == 77


@bounded
async def test_zombie_is_fenced(topic):
    await create(topic)
    async with producer(transactional_id=topic) as old:
        await old.begin_transaction()
        await old.send_and_wait(topic, b"old", partition=0)
        async with producer(transactional_id=topic) as new:
            async with new.transaction():
                await new.send(topic, b"new", partition=0)
            with pytest.raises(ProducerFenced):
                await old.commit_transaction()
    assert values(await read(1, topic, isolation_level="read_committed")) == [b"new"]


@bounded
async def test_admin_topics(topic):
    async with Admin() as a:
        await a.create_topics([NewTopic(topic, 2, 1)])
        again = await a.create_topics([NewTopic(topic, 2, 1)])
        assert again.topic_errors[0][1] == TopicAlreadyExistsError.errno
        await a.create_partitions({topic: NewPartitions(5)})

        async def has_five():  # metadata follows in its own time
            return len((await a.describe_topics([topic]))[0]["partitions"]) == 5

        async def is_gone():
            return topic not in await a.list_topics()

        await until(has_five)
        await a.delete_topics([topic])
        await until(is_gone)


@bounded
async def test_admin_configs(topic):
    await create(topic)
    async with Admin() as a:
        await a.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "12345"})]
        )
        (response,) = await a.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": None})]
        )
        assert response.resources[0][4][0][:2] == ("retention.ms", "12345")


@bounded
async def test_admin_groups(topic):
    await create(topic)
    await produce(topic)
    await read(10, topic, group_id=topic)
    async with Admin() as a:
        assert topic in [name for name, _ in await a.list_consumer_groups()]
        assert (await a.list_consumer_group_offsets(topic))[TopicPartition(topic, 0)].offset == 10
        (described,) = await a.describe_consumer_groups([topic])
        assert described.groups[0][2] == "Empty"


@bounded
async def test_admin_delete_records(topic):
    await create(topic)
    await produce(topic)
    async with Admin() as a:
        await a.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=190)})
    assert values(await read(10, topic)) == VALUES[190:]
