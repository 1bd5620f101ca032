"""Answers damaged at random, and answers that are well formed and make no sense: each is an error.

Invariant: whatever a broker sends, a client raises nothing but errors of ours, within its timeouts,
and reports nothing to the loop. A failure prints its seed.
Neighbours: `lying_broker` serves; `tests/producer` and `tests/consumer` have brokers that lie about
records.
"""

import asyncio
import random
import socket
import struct
import tracemalloc
from typing import Any

import pytest
import uvloop

from logcore.client.cluster import Cluster
from logcore.client.config import CLIENT_CONFIG
from logcore.client.coordinators import CoordinatorKind, Coordinators
from logcore.client.settings import Settings
from logcore.common.errors import (
    BrokerUnreachableError,
    ClientError,
    CoordinatorNotAvailableError,
    LogcoreError,
    UnsupportedVersionError,
)
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.api_versions import ApiVersion, ApiVersionsResponse
from logcore.protocol.messages.find_coordinator import FindCoordinatorResponse
from logcore.protocol.messages.metadata import (
    MetadataRequest,
    MetadataResponse,
    MetadataResponseBroker,
    MetadataResponsePartition,
    MetadataResponseTopic,
)
from tests.client.lying_broker import Answer, Asked, Behaviour, greeting, lying_broker

HASTE = {
    "reconnect.backoff.ms": 0,
    "retry.backoff.ms": 0,
    "request.timeout.ms": 200,
    "socket.connection.setup.timeout.ms": 200,
}
ROUNDS = 150


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Change, drop or add a few bytes, or cut them off."""
    found = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        at = chance.randrange(len(found) or 1)
        match chance.choice(["change", "change", "drop", "add", "cut"]):
            case "change" if found:
                found[at] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
            case "drop":
                del found[at : at + chance.randrange(1, 6)]
            case "add":
                found[at:at] = chance.randbytes(chance.randrange(1, 6))
            case "cut":
                del found[at:]
            case _:
                pass
    return bytes(found)


def told(port: int, **changes: Any) -> MetadataResponse:
    """Return what a broker with one topic tells of itself."""
    here = MetadataResponseBroker(node_id=7, host="127.0.0.1", port=port, rack="r")
    partition = MetadataResponsePartition(
        partition_index=0, leader_id=7, leader_epoch=3, replica_nodes=[7], isr_nodes=[7]
    )
    topic = MetadataResponseTopic(name="t", topic_id=b"i" * 16, partitions=[partition])
    known: dict[str, Any] = {"brokers": [here], "topics": [topic], "controller_id": 7}
    return MetadataResponse(**known | changes)


async def tried(port: int) -> Exception | None:
    """Use a cluster for a moment, and return what it ended with."""
    cluster = Cluster(Settings(CLIENT_CONFIG, {**HASTE, "bootstrap.servers": f"127.0.0.1:{port}"}))
    cluster.track(["t"])
    try:
        async with asyncio.timeout(20):
            await cluster.refresh()
            await cluster.ask(7, MetadataRequest(topics=[]), timeout_s=0.2)
            await cluster.topic("t", 0.2)
    except LogcoreError as error:
        return error
    finally:
        cluster.close()
        await asyncio.sleep(0)
    return None


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("damages", [ApiKey.API_VERSIONS, ApiKey.METADATA])
def test_damage_at_random(damages: ApiKey, seed: int) -> None:
    chance = random.Random(seed)

    async def main() -> None:
        async def behave(asked: Asked) -> Answer:
            is_greeting = asked.api is ApiKey.API_VERSIONS
            port = asked.writer.get_extra_info("sockname")[1]
            answer = asked.answer(greeting() if is_greeting else told(port))
            return damaged(answer, chance) if asked.api is damages else answer

        reported: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: reported.append(what))
        async with lying_broker(behave) as port:
            for _ in range(ROUNDS // 4):
                await tried(port)
        assert reported == []

    uvloop.run(main())


def ended_with(behave: Behaviour) -> Exception | None:
    async def main() -> Exception | None:
        async with lying_broker(behave) as port:
            return await tried(port)

    return uvloop.run(main())


@pytest.mark.parametrize(
    ("host", "port"),
    [("127.0.0.1", 99_999), ("127.0.0.1", 0), ("127.0.0.1", -1), ("", 1), ("a" * 80, 1), ("..", 1)],
)
@pytest.mark.parametrize("run", [uvloop.run, asyncio.run])
def test_a_broker_at_an_address_that_cannot_be(run: Any, host: str, port: int) -> None:
    elsewhere = MetadataResponseBroker(node_id=7, host=host, port=port, rack=None)

    async def behave(asked: Asked) -> Answer:
        if asked.api is ApiKey.API_VERSIONS:
            return asked.answer(greeting())
        return asked.answer(told(0, brokers=[elsewhere]))

    async def main() -> Exception | None:
        async with lying_broker(behave) as bootstrap:
            return await tried(bootstrap)

    assert isinstance(run(main()), BrokerUnreachableError)


@pytest.mark.parametrize(
    "changes",
    [
        {"brokers": []},
        {"topics": []},
        {"topics": [MetadataResponseTopic(name=None)]},
        {"topics": [MetadataResponseTopic(name="t", error_code=5)]},
        {"topics": [MetadataResponseTopic(name="t", error_code=12_345)]},
        {"error_code": 12_345},
        {"error_code": -1},
        {
            "topics": [
                MetadataResponseTopic(
                    name="t",
                    partitions=[
                        MetadataResponsePartition(
                            partition_index=-5, leader_id=-7, leader_epoch=-9, error_code=72
                        )
                    ]
                    * 3,
                )
            ]
        },
    ],
)
def test_metadata_that_makes_no_sense(changes: dict[str, Any]) -> None:
    async def behave(asked: Asked) -> Answer:
        if asked.api is ApiKey.API_VERSIONS:
            return asked.answer(greeting())
        port = asked.writer.get_extra_info("sockname")[1]
        return asked.answer(told(port, **changes))

    ended = ended_with(behave)
    assert ended is None or isinstance(ended, LogcoreError)


@pytest.mark.parametrize(
    "apis",
    [
        [],
        [ApiVersion(api_key=3, min_version=9, max_version=2)],
        [ApiVersion(api_key=3, min_version=-5, max_version=-1)],
        [ApiVersion(api_key=3, min_version=999, max_version=1000)],
        [ApiVersion(api_key=32_767, min_version=0, max_version=0)] * 3,
    ],
)
def test_versions_that_make_no_sense(apis: list[ApiVersion]) -> None:
    async def behave(asked: Asked) -> Answer:
        return asked.answer(ApiVersionsResponse(api_keys=apis))

    assert isinstance(ended_with(behave), UnsupportedVersionError)


def test_what_is_announced_is_not_taken_for_what_came() -> None:
    """Memory is taken for what has arrived: a length of 2 GiB costs nothing."""

    async def behave(asked: Asked) -> Answer:
        asked.writer.write(struct.pack(">i", 0x7FFF_FFFF) + bytes(100))
        await asked.writer.drain()
        await asyncio.sleep(60)
        return None

    tracemalloc.start()
    try:
        assert isinstance(ended_with(behave), BrokerUnreachableError)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (FindCoordinatorResponse(), BrokerUnreachableError),
        (FindCoordinatorResponse(node_id=-1, host="", port=-1), CoordinatorNotAvailableError),
        (FindCoordinatorResponse(error_code=12_345), LogcoreError),
        (FindCoordinatorResponse(node_id=9, host="..", port=1), BrokerUnreachableError),
    ],
)
def test_coordinators_that_cannot_be(
    answer: FindCoordinatorResponse, kind: type[Exception]
) -> None:
    async def behave(asked: Asked) -> Answer:
        if asked.api is ApiKey.API_VERSIONS:
            return asked.answer(greeting(FIND_COORDINATOR=(3, 3)))
        if asked.api is ApiKey.FIND_COORDINATOR:
            return asked.answer(answer)
        return asked.answer(told(asked.writer.get_extra_info("sockname")[1]))

    async def main() -> None:
        async with lying_broker(behave) as port:
            settings = {**HASTE, "bootstrap.servers": f"127.0.0.1:{port}"}
            cluster = Cluster(Settings(CLIENT_CONFIG, settings))

            async def ask() -> None:
                node_id = await Coordinators(cluster).find(CoordinatorKind.GROUP, "g")
                await cluster.ask(node_id, MetadataRequest(topics=[]))

            with pytest.raises(kind):
                await ask()
            cluster.close()
            await asyncio.sleep(0)

    uvloop.run(main())


@pytest.mark.parametrize(
    "server", ["a" * 70, "ex..ample", "no.such.name.invalid", "x y", "\u2603\0"]
)
def test_bootstrap_servers_with_names_that_cannot_be(server: str) -> None:
    async def main() -> None:
        cluster = Cluster(Settings(CLIENT_CONFIG, {**HASTE, "bootstrap.servers": f"{server}:9092"}))
        with pytest.raises(ClientError, match=r"bootstrap\.servers"):
            await cluster.refresh()
        cluster.close()
        await asyncio.sleep(0)

    uvloop.run(main())


def test_one_good_server_makes_up_for_names_that_cannot_be() -> None:
    async def behave(asked: Asked) -> Answer:
        if asked.api is ApiKey.API_VERSIONS:
            return asked.answer(greeting())
        return asked.answer(told(asked.writer.get_extra_info("sockname")[1]))

    async def main() -> None:
        async with lying_broker(behave) as port:
            servers = f"ex..ample:1,no.such.name.invalid:9092,127.0.0.1:{port}"
            cluster = Cluster(Settings(CLIENT_CONFIG, {**HASTE, "bootstrap.servers": servers}))
            assert list((await cluster.refresh()).brokers) == [7]
            cluster.close()
            await asyncio.sleep(0)

    uvloop.run(main())


@pytest.mark.parametrize("sent_bytes", [0, 2, 4, 10])
def test_a_reset_in_the_middle_of_an_answer(sent_bytes: int) -> None:
    """Each is told to who waits, and the next request goes out on a new connection."""
    resets = 0

    async def behave(asked: Asked) -> Answer:
        nonlocal resets
        if asked.api is ApiKey.API_VERSIONS:
            return asked.answer(greeting())
        answer = asked.answer(told(asked.writer.get_extra_info("sockname")[1]))
        if asked.client_id == "unlucky" and resets < 2:
            resets += 1
            framed = struct.pack(">i", len(answer)) + answer
            asked.writer.write(framed[:sent_bytes])
            linger = struct.pack("ii", 1, 0)  # so that the close is a reset
            raw = asked.writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            asked.writer.transport.abort()
            return None
        return answer

    async def main() -> None:
        async with lying_broker(behave) as port:
            settings = {**HASTE, "bootstrap.servers": f"127.0.0.1:{port}", "client.id": "unlucky"}
            cluster = Cluster(Settings(CLIENT_CONFIG, settings))
            for _ in range(2):
                with pytest.raises(BrokerUnreachableError):
                    await cluster.refresh()
            assert list((await cluster.refresh()).brokers) == [7]
            cluster.close()
            await asyncio.sleep(0)

    uvloop.run(main())
    assert resets == 2
