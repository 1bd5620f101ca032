"""In the child of a fork no client works, and each call says so; the parent's go on.

Neighbours: `logcore.client.loop_thread` and `logcore.client.cluster` look at the process.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest

from logcore.admin.admin import Admin
from logcore.admin.async_admin import AsyncAdmin
from logcore.common.errors import ForkedClientError
from logcore.consumer.async_consumer import AsyncConsumer
from logcore.consumer.async_share_consumer import AsyncShareConsumer
from logcore.consumer.consumer import Consumer
from logcore.consumer.share_consumer import ShareConsumer
from logcore.producer.async_producer import AsyncProducer
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")

Call = Callable[[], object]


def told_in_child(*calls: Call) -> list[bool]:
    """Return of each call whether it is refused for the right reason in the child of a fork."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, bytes(map(is_refused, calls)))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answers = pipe.read()
    os.waitpid(child, 0)
    assert len(answers) == len(calls)
    return list(map(bool, answers))


def is_refused(call: Call) -> bool:
    try:
        call()
    except ForkedClientError:
        return True
    except BaseException:  # noqa: BLE001 - anything else is wrong
        return False
    return False


def stepped(coroutine: Any) -> None:
    """Begin a coroutine as a loop would."""
    try:
        coroutine.send(None)
    finally:
        coroutine.close()


@pytest.fixture
def topic(logcore_broker: LocalBroker) -> str:
    name = logcore_broker.create_topic()
    with Producer(bootstrap_servers=logcore_broker.bootstrap_servers) as producer:
        producer.send_many(name, [b"x"] * 10).result(10)
    return name


def test_synchronous_clients(logcore_broker: LocalBroker, topic: str) -> None:
    servers = logcore_broker.bootstrap_servers
    with (
        Producer(bootstrap_servers=servers) as producer,
        Consumer(bootstrap_servers=servers, auto_offset_reset="earliest") as consumer,
        Admin(servers) as admin,
        ShareConsumer(topic, bootstrap_servers=servers, group_id="forks") as sharer,
    ):
        assert producer.send(topic, b"x").result(10).offset == 10
        consumer.assign([(topic, 0)])
        assert len(consumer.poll(10, max_records=1)) == 1
        assert admin.topics.list()
        refused = told_in_child(
            lambda: producer.send(topic, b"x"),
            lambda: producer.send_many(topic, [b"x"]),
            producer.flush,
            consumer.poll,
            lambda: next(iter(consumer)),
            lambda: consumer.seek((topic, 0), 3),
            consumer.commit,
            admin.topics.list,
            lambda: sharer.poll(0),
            sharer.commit,
            producer.metrics,
        )
        assert refused == [True] * 11
        assert producer.send(topic, b"x").result(10).offset == 11
        assert consumer.poll(10)[0].offset == 1
        assert admin.topics.list()


def test_closing_in_the_child_is_no_error_and_leaves_the_parent_alone(
    logcore_broker: LocalBroker, topic: str
) -> None:
    with Producer(bootstrap_servers=logcore_broker.bootstrap_servers) as producer:
        producer.send(topic, b"x").result(10)

        def close() -> None:
            producer.close()
            raise ForkedClientError

        assert told_in_child(close) == [True]
        assert producer.send(topic, b"x").result(10).offset == 11


def test_asynchronous_clients(logcore_broker: LocalBroker, topic: str) -> None:
    servers = logcore_broker.bootstrap_servers

    async def main() -> None:
        async with (
            AsyncProducer(bootstrap_servers=servers) as producer,
            AsyncConsumer(bootstrap_servers=servers) as consumer,
            AsyncAdmin(servers) as admin,
            AsyncShareConsumer(topic, bootstrap_servers=servers, group_id="forks") as sharer,
        ):
            await producer.send(topic, b"x")
            refused = told_in_child(
                lambda: producer.send(topic, b"x"),
                lambda: stepped(producer.send_many(topic, [b"x"])),
                lambda: stepped(producer.flush()),
                lambda: consumer.assign([(topic, 0)]),
                lambda: stepped(consumer.poll()),
                lambda: stepped(admin.topics.list()),
                lambda: stepped(sharer.poll(0)),
                consumer.metrics,
            )
            assert refused == [True] * 8
            await producer.send(topic, b"x")

    asyncio.run(main())
