"""Every client, used as none is to be: closed twice, after its end, from another loop or thread.

Neighbours: `test_forks` uses them in the child of a fork, `test_loop_thread` forgets them.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from logcore.admin.admin import Admin
from logcore.admin.async_admin import AsyncAdmin
from logcore.common.errors import ClientClosedError, IllegalStateError, WrongThreadError
from logcore.consumer.async_consumer import AsyncConsumer
from logcore.consumer.async_share_consumer import AsyncShareConsumer
from logcore.consumer.consumer import Consumer
from logcore.consumer.share_consumer import ShareConsumer
from logcore.producer.async_producer import AsyncProducer
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker

SYNC: list[tuple[Callable[[str], Any], Callable[[Any], object]]] = [
    (lambda servers: Producer(bootstrap_servers=servers), lambda client: client.send("t", b"x")),
    (lambda servers: Producer(bootstrap_servers=servers), lambda client: client.flush()),
    (lambda servers: Consumer(bootstrap_servers=servers), lambda client: client.poll(1)),
    (
        lambda servers: ShareConsumer("t", bootstrap_servers=servers, group_id="g"),
        lambda client: client.poll(1),
    ),
    (
        lambda servers: Consumer(bootstrap_servers=servers),
        lambda client: client.partitions_for("t"),
    ),
    (Admin, lambda client: client.topics.list()),
]
ASYNC: list[tuple[Callable[[str], Any], Callable[[Any], Any]]] = [
    (
        lambda servers: AsyncProducer(bootstrap_servers=servers),
        lambda client: client.send_many("t", [b"x"]),
    ),
    (lambda servers: AsyncConsumer(bootstrap_servers=servers), lambda client: client.poll(1)),
    (
        lambda servers: AsyncShareConsumer(bootstrap_servers=servers, group_id="g"),
        lambda client: client.poll(1),
    ),
    (AsyncAdmin, lambda client: client.topics.list()),
]


@pytest.mark.parametrize(("make", "use"), SYNC)
def test_after_its_end(logcore_broker: LocalBroker, make: Any, use: Any) -> None:
    client = make(logcore_broker.bootstrap_servers)
    client.close()
    client.close()
    for _ in range(2):
        with pytest.raises(ClientClosedError):
            use(client)


@pytest.mark.parametrize("make", [make for make, _ in SYNC])
def test_closed_by_several_threads_at_once(logcore_broker: LocalBroker, make: Any) -> None:
    client = make(logcore_broker.bootstrap_servers)
    errors: list[BaseException] = []

    def close() -> None:
        try:
            client.close()
        except BaseException as error:  # noqa: BLE001 - there must be none
            errors.append(error)

    threads = [threading.Thread(target=close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert errors == []
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.parametrize(("make", "use"), ASYNC)
def test_coroutines_after_its_end_and_from_another_loop(
    logcore_broker: LocalBroker, make: Any, use: Any
) -> None:
    async def main() -> Any:
        client = make(logcore_broker.bootstrap_servers)

        async def elsewhere() -> None:
            with pytest.raises(WrongThreadError):
                await use(client)

        await asyncio.to_thread(asyncio.run, elsewhere())
        await client.close()
        await client.close()
        with pytest.raises(ClientClosedError):
            await use(client)
        return client

    client = asyncio.run(main())

    async def later() -> None:
        with pytest.raises((WrongThreadError, ClientClosedError)):
            await use(client)

    asyncio.run(later())


@pytest.mark.parametrize("make", [make for make, _ in ASYNC])
def test_made_outside_of_a_coroutine(make: Any) -> None:
    with pytest.raises(IllegalStateError, match="coroutine"):
        make("127.0.0.1:1")


def wait(client: Any, use: Any, told: list[BaseException], begun: threading.Event) -> None:
    begun.set()
    try:
        use(client)
    except BaseException as error:  # noqa: BLE001 - looked at by who began this
        told.append(error)


def test_who_waits_is_told_when_another_thread_closes() -> None:
    for make, use in SYNC:
        client = make("127.0.0.1:1")
        told: list[BaseException] = []
        begun = threading.Event()

        thread = threading.Thread(target=wait, args=(client, use, told, begun))
        thread.start()
        begun.wait(5)
        client.close()
        thread.join(20)
        assert not thread.is_alive()
        assert all(isinstance(error, ClientClosedError) for error in told), told
