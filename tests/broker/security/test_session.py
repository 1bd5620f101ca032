"""What a connection may ask before it has logged in, and for how long a login holds."""

import logging
import struct
from typing import Any

import pytest

from logcore.broker.security.audit import LoginAudit
from logcore.broker.security.exchange import Login
from logcore.broker.security.gate import Gate, GateSettings
from logcore.broker.security.plain import PlainExchange
from logcore.broker.security.session import receive
from logcore.common.clock import ManualScheduler
from logcore.common.deferred import Deferred
from logcore.common.metrics import Metrics
from logcore.common.principal import ANONYMOUS, Principal
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.header import decode_response_header
from logcore.protocol.messages.sasl_authenticate import (
    SaslAuthenticateRequest,
    SaslAuthenticateResponse,
)
from logcore.protocol.messages.sasl_handshake import SaslHandshakeRequest, SaslHandshakeResponse
from logcore.protocol.schema import Message

SERVED = [b"served"]
SMALL, LARGE = 1000, 100_000
ALICE = b"\0alice\0secret"


class Temporary(PlainExchange):
    """A login that is over after a while."""

    def respond(self, token: bytes) -> bytes:
        answer = super().respond(token)
        assert self.login is not None
        self.login = Login(self.login.name, 1_000_000 + 5_000)
        return answer


class FakeConnection:
    """What a session does with a connection."""

    def __init__(self) -> None:
        self.principal = ANONYMOUS
        self.peer = "1.2.3.4:5"
        self.handler: Any = None
        self.limits = (0, 0)
        self.throttled_ms: float = 0
        self.is_shut = False
        self.reason = ""

    def serve_by(self, handler: Any) -> None:
        self.handler = handler

    def limit_frames(self, least: int, most: int, key: str) -> None:
        self.limits = (least, most)
        self.key = key

    def throttle(self, delay_ms: float) -> None:
        self.throttled_ms = delay_ms

    def shut(self) -> None:
        self.is_shut = True

    def close(self, reason: str) -> None:
        self.reason = reason
        self.is_shut = True


class Serving:
    """A client on a connection of a gate, and the handler behind it."""

    def __init__(self, lifetime_ms: int = 0, **mechanisms: Any) -> None:
        self.scheduler = ManualScheduler(start_ms=1_000_000)
        self.metrics = Metrics()
        self.served: list[bytes] = []
        passwords = {"alice": "secret", "bob": "secret"}
        made = {
            "PLAIN": lambda: PlainExchange(passwords),
            "TEMPORARY": lambda: Temporary(passwords),
        }
        settings = GateSettings(SMALL, LARGE, 100, {"PLAIN": lifetime_ms})
        audit = LoginAudit(self.metrics, self.scheduler)
        gate = Gate("SASL", made | mechanisms, settings, self, self.scheduler, audit)
        self.connection = FakeConnection()
        receive(gate, self.connection)  # type: ignore[arg-type]  # as much of one as it needs

    def handle(self, connection: Any, frame: memoryview) -> Any:
        assert connection is self.connection
        self.served.append(bytes(frame))
        if bytes(frame[:2]) == b"\0\x12":  # ApiVersions, answered with an error by request
            return [struct.pack(">ih", 1, 35 if frame[3] > 4 else 0)]
        return SERVED

    def frame(self, frame: bytes) -> Any:
        answer = self.connection.handler.handle(self.connection, memoryview(frame))
        if isinstance(answer, Deferred):
            assert not is_told(answer), "a refusal takes its time"
            assert self.connection.throttled_ms == 100
            self.scheduler.advance(99)
            assert not is_told(answer)
            self.scheduler.advance(1)
            assert is_told(answer)
            self.scheduler.advance(0 if answer.value() is None else 49)
            assert self.connection.is_shut == (answer.value() is None)
            self.scheduler.advance(1)
            assert self.is_over()
            answer = answer.value()
        return answer

    def is_over(self) -> bool:
        return self.connection.is_shut

    def ask(self, request: Message, version: int) -> Any:
        answer = self.frame(framed(request, version))
        if answer is None:
            return None
        data = b"".join(map(bytes, answer))
        is_handshake = isinstance(request, SaslHandshakeRequest)
        response_class = SaslHandshakeResponse if is_handshake else SaslAuthenticateResponse
        _, position = decode_response_header(data, request.API_KEY, version)
        return response_class.decode(memoryview(data)[position:], version)

    def shake(self, mechanism: str = "PLAIN", version: int = 1) -> Any:
        return self.ask(SaslHandshakeRequest(mechanism=mechanism), version)

    def tell(self, token: bytes = ALICE, version: int = 2) -> Any:
        return self.ask(SaslAuthenticateRequest(auth_bytes=token), version)

    def log_in(self, token: bytes = ALICE) -> Any:
        assert self.shake().error_code == 0
        return self.tell(token)

    def count(self, mechanism: str, outcome: str) -> float:
        lines = self.metrics.render().splitlines()
        wanted = f'mechanism="{mechanism}",outcome="{outcome}"}}'
        return sum(float(line.rpartition(" ")[2]) for line in lines if wanted in line)


def is_told(answer: Deferred[Any]) -> bool:
    return answer.is_done


def framed(request: Message, version: int) -> bytes:
    header = struct.pack(">hhihc", request.API_KEY, version, 1, 1, b"c")
    if version >= type(request).FLEXIBLE:
        header += b"\0"
    return header + b"".join(bytes(part) for part in request.encode(version))


def request_of(key: ApiKey, version: int = 0) -> bytes:
    return struct.pack(">hhihc", key, version, 1, 1, b"c") + bytes(8)


@pytest.mark.parametrize("version", [0, 1, 2])
def test_who_logs_in_is_served(version: int):
    client = Serving()
    assert client.connection.limits == (8, SMALL)
    response = client.shake()
    assert (response.error_code, response.mechanisms) == (0, ["PLAIN", "TEMPORARY"])
    assert client.tell(version=version) == SaslAuthenticateResponse()
    assert client.connection.principal == Principal("User", "alice")
    assert client.connection.limits == (8, LARGE)
    assert client.connection.handler is client, "from now on nothing stands between"
    assert client.count("PLAIN", "success") == 1


def test_what_follows_in_the_same_turn_is_served_too():
    client = Serving()
    session = client.connection.handler
    client.log_in()
    frame = request_of(ApiKey.METADATA)
    assert session.handle(client.connection, memoryview(frame)) is SERVED
    assert client.served == [frame]


def test_versions_may_be_asked_once():
    client = Serving()
    assert client.frame(request_of(ApiKey.API_VERSIONS)) == [b"\0\0\0\1\0\0"]
    assert client.frame(request_of(ApiKey.API_VERSIONS)) is None
    assert client.connection.is_shut
    assert len(client.served) == 1


def test_versions_may_be_asked_again_if_the_answer_was_an_error():
    client = Serving()
    for version in (9, 3):
        assert client.frame(request_of(ApiKey.API_VERSIONS, version)) is not None
    assert client.log_in().error_code == 0


@pytest.mark.parametrize("key", [key for key in ApiKey if key not in (17, 18)])
def test_nothing_else_is_served_before_a_login(key: ApiKey):
    for steps in (0, 1):
        client = Serving()
        if steps:
            client.shake()
        if (steps, key) == (1, ApiKey.SASL_AUTHENTICATE):
            continue
        assert client.frame(request_of(key)) is None
        assert client.connection.is_shut
        assert client.served == []
        assert client.connection.principal == ANONYMOUS


@pytest.mark.parametrize(
    "frame", [b"", b"\0\x11", bytes(8), b"\xff" * 40, request_of(ApiKey.SASL_HANDSHAKE, 2)]
)
def test_what_is_no_request_ends_it(frame: bytes):
    client = Serving()
    assert client.frame(frame) is None
    client = Serving()
    client.shake()
    assert client.frame(frame) is None
    assert client.connection.is_shut


def test_a_second_handshake_is_told_what_is_wrong():
    client = Serving()
    client.shake()
    assert client.shake().error_code == 34
    assert client.connection.is_shut


def test_a_mechanism_that_is_not_offered():
    client = Serving()
    response = client.shake("GSSAPI")
    assert (response.error_code, response.mechanisms) == (33, ["PLAIN", "TEMPORARY"])
    assert client.connection.is_shut
    assert client.count("none", "failure") == 1


def test_a_refusal_is_told_late_and_says_no_more_than_it_may(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    client = Serving()
    response = client.log_in(b"\0alice\0wrong\nlogin refused")
    assert response.error_code == 58
    assert response.error_message == "Authentication failed: Invalid username or password"
    assert client.count("PLAIN", "failure") == 1
    (record,) = caplog.records
    assert record.name == "logcore.audit"
    assert record.message == (
        "login refused peer=1.2.3.4:5 listener=SASL mechanism=PLAIN user=alice "
        'reason="the password is wrong"'
    )


def test_a_refusal_without_words_of_its_own_is_told_generally():
    class Mute(PlainExchange):
        def respond(self, token: bytes) -> bytes:  # noqa: ARG002 - it hears nothing
            self.claimed = 'al\n"ice'
            from logcore.broker.security.exchange import LoginError  # noqa: PLC0415

            raise LoginError("for a secret reason")

    client = Serving(MUTE=lambda: Mute({}))
    client.shake("MUTE")
    assert client.tell().error_message == (
        "Authentication failed during authentication due to invalid credentials with SASL "
        "mechanism MUTE"
    )


def test_who_was_refused_is_not_heard_again():
    client = Serving()
    client.shake()
    session = client.connection.handler
    client.tell(b"\0alice\0wrong")
    for frame in (
        framed(SaslAuthenticateRequest(auth_bytes=ALICE), 2),
        request_of(ApiKey.METADATA),
    ):
        assert session.handle(client.connection, memoryview(frame)) is None
    assert client.connection.principal == ANONYMOUS
    assert client.served == []


def test_bare_tokens_after_version_0_of_the_handshake():
    client = Serving()
    assert client.shake(version=0).error_code == 0
    assert client.connection.limits == (0, SMALL), "a token may be short"
    assert client.frame(ALICE) == [b""]
    assert client.connection.principal.name == "alice"
    assert client.connection.limits == (8, LARGE)


def test_a_bare_token_that_is_wrong_is_answered_by_closing():
    client = Serving()
    client.shake(version=0)
    assert client.frame(b"\0alice\0wrong") is None
    assert client.connection.is_shut


# ---- logins that end


def test_a_login_that_ends_is_told_and_then_the_next_request_closes():
    client = Serving(lifetime_ms=3000)
    assert client.log_in().session_lifetime_ms == 3000
    metadata = request_of(ApiKey.METADATA)
    client.scheduler.advance(3000)
    assert client.frame(metadata) is SERVED
    client.scheduler.advance(1)
    assert client.frame(metadata) is None
    assert "login was over" in client.connection.reason
    assert 'logcore_logins_expired_total{listener="SASL"} 1' in client.metrics.render()


@pytest.mark.parametrize(("lifetime_ms", "told_ms"), [(0, 5000), (3000, 3000), (9000, 5000)])
def test_a_token_ends_a_login_too(lifetime_ms: int, told_ms: int):
    client = Serving()
    session = client.connection.handler
    session._gate._lifetimes_ms = {"TEMPORARY": lifetime_ms}
    client.shake("TEMPORARY")
    assert client.tell().session_lifetime_ms == told_ms


def test_a_token_that_ends_now_lets_in_for_nothing():
    client = Serving()
    client.scheduler.advance(9_000)
    client.shake("TEMPORARY")
    assert client.tell().session_lifetime_ms == 0
    client.scheduler.advance(1)
    assert client.frame(request_of(ApiKey.METADATA)) is None
    assert client.connection.is_shut


def test_a_login_is_renewed_on_the_same_connection_even_late():
    client = Serving(lifetime_ms=3000)
    client.log_in()
    for pause_ms in (2000, 9000):
        client.scheduler.advance(pause_ms)
        assert client.log_in().session_lifetime_ms == 3000
        assert client.frame(request_of(ApiKey.METADATA)) is SERVED
    assert client.count("PLAIN", "renewed") == 2


def test_a_renewal_under_way_serves_nothing():
    client = Serving(lifetime_ms=3000)
    client.log_in()
    client.scheduler.advance(2000)
    client.shake()
    assert client.connection.limits == (8, SMALL)
    assert client.frame(request_of(ApiKey.METADATA)) is None
    assert client.connection.is_shut


def test_a_renewal_by_somebody_else_is_refused():
    client = Serving(lifetime_ms=3000)
    client.log_in()
    client.scheduler.advance(2000)
    response = client.log_in(b"\0bob\0secret")
    assert response.error_code == 58
    assert "from User.alice: User.bob" in response.error_message
    assert client.connection.is_shut


def test_a_renewal_by_another_mechanism_is_refused():
    client = Serving(lifetime_ms=3000)
    client.log_in()
    client.scheduler.advance(2000)
    assert client.shake("TEMPORARY").error_code == 0
    response = client.tell()
    assert response.error_code == 58
    assert "not supported for re-authentication of mechanism 'PLAIN'" in response.error_message


def test_renewals_lie_a_second_apart():
    client = Serving(lifetime_ms=3000)
    client.log_in()
    client.log_in()
    frame = framed(SaslHandshakeRequest(mechanism="PLAIN"), 1)
    client.scheduler.advance(999)
    assert client.frame(frame) is SERVED, "the handler refuses it"
    client.scheduler.advance(1)
    assert client.log_in().error_code == 0


def test_a_wrong_password_at_a_renewal():
    client = Serving(lifetime_ms=3000)
    client.log_in()
    client.scheduler.advance(2000)
    assert client.log_in(b"\0alice\0wrong").error_code == 58
    assert client.connection.is_shut
