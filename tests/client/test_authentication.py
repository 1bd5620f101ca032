"""Logging in, and again in time: what is asked meanwhile waits, and goes out in its order."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from logcore.client.addresses import Address
from logcore.client.authentication import APART_S, Authenticator, renewal_wait_s
from logcore.client.config import CLIENT_CONFIG
from logcore.client.connection import Connection
from logcore.client.logins import PasswordLogin
from logcore.client.opening import Opener
from logcore.client.settings import Settings
from logcore.common.errors import (
    ClientTimeoutError,
    ConnectionLostError,
    LogcoreError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.heartbeat import HeartbeatRequest
from logcore.protocol.messages.metadata import MetadataRequest, MetadataResponse
from logcore.protocol.messages.sasl_authenticate import SaslAuthenticateResponse
from logcore.protocol.messages.sasl_handshake import SaslHandshakeResponse
from tests.client.lying_broker import Answer, Asked, greeting, lying_broker

SASL = {"SASL_HANDSHAKE": (0, 1), "SASL_AUTHENTICATE": (0, 2), "HEARTBEAT": (0, 4)}


class LogsIn:
    """A broker that lets anybody in.

    Attributes:
        heard: What was asked, in order.
        lifetimes_ms: For how long, login by login; the last one for all that follow.
        refusal: What it answers instead, from the second login on.
        pauses: An event per API that it waits for before it answers.
    """

    def __init__(self, *lifetimes_ms: int, refusal: int = 0) -> None:
        self.heard: list[ApiKey] = []
        self.lifetimes_ms = list(lifetimes_ms)
        self.refusal = refusal
        self.pauses: dict[ApiKey, asyncio.Event] = {}
        self.logins = 0

    async def __call__(self, asked: Asked) -> Answer:
        if asked.api is ApiKey.API_VERSIONS:
            return asked.answer(greeting(**SASL))
        self.heard.append(asked.api)
        if asked.api in self.pauses and self.logins:
            await self.pauses[asked.api].wait()
        if asked.api is ApiKey.SASL_HANDSHAKE:
            return asked.answer(SaslHandshakeResponse(mechanisms=["PLAIN"]))
        if asked.api is ApiKey.SASL_AUTHENTICATE:
            return asked.answer(self.admit())
        if asked.api is ApiKey.HEARTBEAT:
            return b""
        return asked.answer(MetadataResponse())

    def admit(self) -> SaslAuthenticateResponse:
        self.logins += 1
        if self.refusal and self.logins > 1:
            return SaslAuthenticateResponse(error_code=self.refusal, error_message="not any more")
        lifetime_ms = self.lifetimes_ms.pop(0) if len(self.lifetimes_ms) > 1 else None
        lifetime_ms = self.lifetimes_ms[0] if lifetime_ms is None else lifetime_ms
        return SaslAuthenticateResponse(session_lifetime_ms=lifetime_ms)


def logged_in(
    broker: Callable[[Asked], Awaitable[Answer]], body: Callable[[Connection], Awaitable[None]]
) -> None:
    async def main() -> None:
        login = PasswordLogin("PLAIN", "me", "hush")
        authenticator = Authenticator(login, random.Random(1))
        opener = Opener(Settings(CLIENT_CONFIG, {}), None, authenticator)
        async with lying_broker(broker) as port:
            connection = await opener.open(Address("127.0.0.1", port), 5)
            try:
                await body(connection)
            finally:
                connection.close()
                opener.close()
                await asyncio.sleep(0)

    uvloop.run(main())


def due(connection: Connection) -> None:
    """Have the login renewed with the next request, and not in its own time."""
    assert connection._renew is not None
    connection.renew_after(-1, connection._renew)


@pytest.mark.parametrize(
    ("lifetime_s", "draw", "expected_s"), [(100, 0, 85), (100, 1, 95), (1, 0.5, APART_S)]
)
def test_when_a_login_is_renewed(lifetime_s: float, draw: float, expected_s: float) -> None:
    assert renewal_wait_s(lifetime_s, draw) == pytest.approx(expected_s)


def test_a_login_for_ever_is_not_renewed() -> None:
    broker = LogsIn(0)

    async def body(connection: Connection) -> None:
        assert connection._renew is None
        await connection.ask(MetadataRequest(topics=[]))

    logged_in(broker, body)
    assert broker.logins == 1


def test_what_is_asked_meanwhile_waits_and_keeps_its_order() -> None:
    broker = LogsIn(60_000)

    async def body(connection: Connection) -> None:
        broker.pauses[ApiKey.SASL_AUTHENTICATE] = pause = asyncio.Event()
        before = connection.ask(MetadataRequest(topics=[]))
        due(connection)
        after = [connection.ask(MetadataRequest(topics=[])) for _ in range(3)]
        connection.tell(HeartbeatRequest())
        assert connection.in_flight == 5
        await before
        await asyncio.sleep(0.02)
        assert [future.done() for future in after] == [False] * 3
        assert broker.heard[2:] == [
            ApiKey.METADATA,
            ApiKey.SASL_HANDSHAKE,
            ApiKey.SASL_AUTHENTICATE,
        ]
        pause.set()
        await asyncio.gather(*after)
        await connection.ask(MetadataRequest(topics=[]))
        assert broker.heard[5:] == [ApiKey.METADATA] * 3 + [ApiKey.HEARTBEAT, ApiKey.METADATA]

    logged_in(broker, body)
    assert broker.logins == 2


def test_a_refusal_then_ends_the_connection_and_nothing_that_waited_was_sent() -> None:
    broker = LogsIn(60_000, refusal=58)

    async def body(connection: Connection) -> None:
        due(connection)
        waiting = [connection.ask(MetadataRequest(topics=[])) for _ in range(2)]
        told = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(error, ConnectionLostError) for error in told)
        assert "logging in again failed" in str(told[0])
        assert "not any more" in str(told[0])
        assert not connection.is_open
        with pytest.raises(ConnectionLostError):
            connection.ask(MetadataRequest(topics=[]))

    logged_in(broker, body)
    assert ApiKey.METADATA not in broker.heard


def test_a_connection_that_is_lost_meanwhile_fails_what_waits() -> None:
    broker = LogsIn(60_000)

    async def body(connection: Connection) -> None:
        broker.pauses[ApiKey.SASL_HANDSHAKE] = asyncio.Event()
        due(connection)
        waiting = connection.ask(MetadataRequest(topics=[]))
        await asyncio.sleep(0.01)
        connection.close()
        with pytest.raises(ConnectionLostError):
            await waiting
        await asyncio.sleep(0)
        assert connection.in_flight == 0

    logged_in(broker, body)


def test_what_waited_for_too_long_is_not_sent_at_all() -> None:
    broker = LogsIn(60_000)

    async def body(connection: Connection) -> None:
        broker.pauses[ApiKey.SASL_HANDSHAKE] = pause = asyncio.Event()
        due(connection)
        late = connection.ask(MetadataRequest(topics=[]), timeout_s=0.01)
        given_up = connection.ask(MetadataRequest(topics=[]))
        given_up.cancel()
        right = connection.ask(MetadataRequest(topics=[]))
        await asyncio.sleep(0.05)
        pause.set()
        with pytest.raises(ClientTimeoutError, match="was not asked in time"):
            await late
        await right
        assert broker.heard[4:] == [ApiKey.METADATA]

    logged_in(broker, body)


def test_a_mechanism_that_is_not_offered() -> None:
    async def behave(asked: Asked) -> Answer:
        if asked.api is ApiKey.API_VERSIONS:
            return asked.answer(greeting(**SASL))
        return asked.answer(SaslHandshakeResponse(error_code=33, mechanisms=["GSSAPI", "MAUVE"]))

    async def body(_: Connection) -> None:
        pytest.fail("it is open")

    with pytest.raises(UnsupportedSaslMechanismError, match="offers GSSAPI, MAUVE"):
        logged_in(behave, body)


@pytest.mark.parametrize(
    ("code", "kind"), [(58, SaslAuthenticationFailedError), (34, LogcoreError), (-1, LogcoreError)]
)
def test_a_refusal_names_the_broker_and_shows_no_password(
    code: int, kind: type[LogcoreError]
) -> None:
    async def behave(asked: Asked) -> Answer:
        if asked.api is ApiKey.API_VERSIONS:
            return asked.answer(greeting(**SASL))
        if asked.api is ApiKey.SASL_HANDSHAKE:
            return asked.answer(SaslHandshakeResponse(mechanisms=["PLAIN"]))
        return asked.answer(SaslAuthenticateResponse(error_code=code, error_message=None))

    async def body(_: Connection) -> None:
        pytest.fail("it is open")

    with pytest.raises(kind, match=r"127\.0\.0\.1.*no reason given") as caught:
        logged_in(behave, body)
    assert "hush" not in str(caught.value)
