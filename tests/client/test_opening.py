"""A connection that is handed out is ready; what is in its way is one error with its reason."""

import asyncio
import socket
from typing import Any

import pytest
import uvloop

from logcore.client.addresses import Address
from logcore.client.config import CLIENT_CONFIG
from logcore.client.connection import Connection
from logcore.client.opening import Opener
from logcore.client.settings import Settings
from logcore.common.errors import BrokerUnreachableError, ClusterAuthorizationFailedError
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.api_versions import ApiVersionsResponse
from tests.client.lying_broker import Answer, Asked, Behaviour, greeting, lying_broker


def opened(behave: Behaviour, timeout_s: float = 5.0, **settings: Any) -> Connection:
    async def main() -> Connection:
        opener = Opener(Settings(CLIENT_CONFIG, settings), None)
        async with lying_broker(behave) as port:
            connection = await opener.open(Address("127.0.0.1", port), timeout_s)
            connection.close()
            return connection

    return uvloop.run(main())


def test_it_greets() -> None:
    heard: list[Asked] = []

    async def behave(asked: Asked) -> Answer:
        heard.append(asked)
        return asked.answer(greeting(PRODUCE=(3, 9)))

    connection = opened(behave, client_id="me")
    assert connection.ranges.knows(ApiKey.PRODUCE, 9)
    assert [(asked.api, asked.client_id) for asked in heard] == [(ApiKey.API_VERSIONS, "me")]


def test_an_older_broker_is_greeted_again() -> None:
    versions: list[int] = []

    async def behave(asked: Asked) -> Answer:
        versions.append(asked.version)
        if asked.version == 4:
            asked.version = 0
            return asked.answer(
                ApiVersionsResponse(error_code=35, api_keys=greeting(API_VERSIONS=(0, 2)).api_keys)
            )
        return asked.answer(greeting())

    opened(behave)
    assert versions == [4, 2]


def test_a_refused_greeting() -> None:
    async def behave(asked: Asked) -> Answer:
        return asked.answer(ApiVersionsResponse(error_code=31))

    with pytest.raises(ClusterAuthorizationFailedError, match="greeting"):
        opened(behave)


def test_nobody_answers_in_time() -> None:
    async def behave(_: Asked) -> Answer:
        await asyncio.sleep(60)
        return None

    with pytest.raises(BrokerUnreachableError, match=r"no connection in 0\.05 s") as caught:
        opened(behave, timeout_s=0.05)
    assert list(caught.value.attempts.values()) == ["no connection in 0.05 s"]


def test_nobody_is_there() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    async def main(address: Address) -> None:
        await Opener(Settings(CLIENT_CONFIG, {}), None).open(address, 5)

    with pytest.raises(BrokerUnreachableError, match="refused"):
        uvloop.run(main(Address("127.0.0.1", port)))
    with pytest.raises(BrokerUnreachableError, match=r"no\.such\.name"):
        uvloop.run(main(Address("no.such.name.invalid", port)))


def test_memory_is_kept_for_the_answers_that_a_consumer_goes_through_in_turns() -> None:
    memory = Opener(Settings(CLIENT_CONFIG, {}), None).memory
    answer_bytes = 8 * 1024 * 1024 + 100
    buffers = [memory.take(answer_bytes) for _ in range(4)]
    for buffer in buffers:
        memory.give(buffer)
    assert {id(memory.take(answer_bytes)) for _ in range(4)} == set(map(id, buffers))
