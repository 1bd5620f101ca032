"""Logins beside Apache Kafka's: the same frames before, during and after a login, the same answers.

Invariant: both brokers are asked the same over the wire; what is told of a refusal is compared word
for word, and a closed connection with a closed connection. What differs on purpose is listed here.
Neighbours: `test_security_logins` drives clients; `tests/broker/security` proves the rest alone.
"""

import base64
import struct
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from logcore.common.scram import MECHANISMS, salted_password
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.alter_user_scram_credentials import (
    AlterUserScramCredentialsRequest,
    ScramCredentialDeletion,
    ScramCredentialUpsertion,
)
from logcore.protocol.messages.api_versions import ApiVersionsRequest
from logcore.protocol.messages.create_delegation_token import (
    CreatableRenewers,
    CreateDelegationTokenRequest,
)
from logcore.protocol.messages.describe_delegation_token import (
    DescribeDelegationTokenOwner,
    DescribeDelegationTokenRequest,
)
from logcore.protocol.messages.describe_user_scram_credentials import (
    DescribeUserScramCredentialsRequest,
    UserName,
)
from logcore.protocol.messages.expire_delegation_token import ExpireDelegationTokenRequest
from logcore.protocol.messages.metadata import MetadataRequest
from logcore.protocol.messages.renew_delegation_token import RenewDelegationTokenRequest
from tests.broker.handlers.logging_in import authenticate, handshake
from tests.broker.running import running_broker
from tests.broker.security.scram_client import ScramClient
from tests.broker.wire import Wire
from tests.peers import kafka
from tests.peers.kafka.broker import free_port

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools"), pytest.mark.timeout(300)]

MODULES = "org.apache.kafka.common.security"
SHA256 = MECHANISMS["SCRAM-SHA-256"]
PREFIX = "listener.name.login."


def settings_of() -> dict[str, str]:
    return {
        "listener.security.protocol.map": (
            "LOGIN:SASL_PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
        ),
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
        f"{PREFIX}plain.sasl.jaas.config": f"{MODULES}.plain.PlainLoginModule required "
        'user_alice="secret" user_bob="secret" user_admin="secret";',
        f"{PREFIX}scram-sha-256.sasl.jaas.config": f"{MODULES}.scram.ScramLoginModule required;",
        f"{PREFIX}plain.connections.max.reauth.ms": "60000",
        "delegation.token.secret.key": "key of tokens",
        "inter.broker.listener.name": "PLAINTEXT",
    }


class Side:
    """One of the two brokers."""

    def __init__(self, login_port: int, open_port: int) -> None:
        self.login_port = login_port
        self.open_port = open_port

    def login(self) -> Wire:
        return Wire(self.login_port)

    def open(self) -> Wire:
        return Wire(self.open_port)

    def logged_in(self, user: str = "alice") -> Wire:
        wire = self.login()
        handshake(wire, "PLAIN")
        assert authenticate(wire, f"\0{user}\0secret".encode()).error_code == 0
        return wire


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Side]]:
    login, port, controller = free_port(), free_port(), free_port()
    settings = settings_of()
    listeners = f"PLAINTEXT://127.0.0.1:{port},LOGIN://127.0.0.1:{login}"
    theirs = settings | {
        "listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
    }
    ours = settings | {"listeners": "PLAINTEXT://127.0.0.1:0,LOGIN://127.0.0.1:0"}
    with (
        kafka.running_kafka(tmp_path_factory.mktemp("theirs"), port, theirs),
        running_broker(tmp_path_factory.mktemp("ours"), **ours) as running,
    ):
        bound = running.call(lambda: running.broker.parts.endpoints.bound)
        both = Side(login, port), Side(bound["LOGIN"].port, bound["PLAINTEXT"].port)
        for side in both:
            with side.open() as wire:
                set_password(wire, "carol", "secret")
        time.sleep(1)  # Apache Kafka's broker learns of it from its controller in its own time
        yield both


def set_password(wire: Wire, user: str, password: str) -> Any:
    salted = salted_password(SHA256, password, b"salt", 4096)
    upsertion = ScramCredentialUpsertion(
        name=user, mechanism=1, iterations=4096, salt=b"salt", salted_password=salted
    )
    return wire.ask(AlterUserScramCredentialsRequest(upsertions=[upsertion]), 0)


def until_closed(ask: Callable[[], Any]) -> Any:
    """Return an answer, or that the connection was closed."""
    try:
        return ask()
    except ConnectionError:
        return "closed"


def gist(response: Any) -> Any:
    if response == "closed":
        return response
    names = ("error_code", "error_message", "session_lifetime_ms", "mechanisms")
    found = {name: getattr(response, name) for name in names if hasattr(response, name)}
    if "mechanisms" in found:
        found["mechanisms"] = sorted(found["mechanisms"])
    return found


# ---------------------------------------------------------------- before and during a login


def plain(token: bytes, version: int = 2) -> Callable[[Wire], list[Any]]:
    def script(wire: Wire) -> list[Any]:
        told = [gist(handshake(wire, "PLAIN"))]
        told.append(gist(until_closed(lambda: authenticate(wire, token, version))))
        told.append(is_served(wire))
        return told

    return script


def scram(user: str, password: str, **changes: bytes) -> Callable[[Wire], list[Any]]:
    def script(wire: Wire) -> list[Any]:
        client = ScramClient(SHA256, user, password)
        client.header = changes.get("header", client.header)
        client.extensions = changes.get("extensions", b"")
        handshake(wire, "SCRAM-SHA-256")
        first = until_closed(lambda: authenticate(wire, client.first()))
        told = [gist(first)]
        if first != "closed" and not first.error_code:
            last = client.last(bytes(first.auth_bytes), nonce=changes.get("nonce"))
            told = [gist(until_closed(lambda: authenticate(wire, last)))]
        return [*told, is_served(wire)]

    return script


def is_served(wire: Wire) -> bool:
    return bool(until_closed(lambda: wire.ask(MetadataRequest(topics=[]), 9)) != "closed")


def bare(token: bytes) -> Callable[[Wire], list[Any]]:
    def script(wire: Wire) -> list[Any]:
        told = [gist(handshake(wire, "PLAIN", 0))]
        wire.socket.sendall(struct.pack(">i", len(token)) + token)
        return [*told, until_closed(wire.receive_frame), is_served(wire)]

    return script


def versions_twice(wire: Wire) -> list[Any]:
    ask = ApiVersionsRequest(client_software_name="x", client_software_version="1")
    told = [until_closed(lambda: wire.ask(ask, 3).error_code) for _ in range(2)]
    return [*told, is_served(wire)]


def asked_name(wire: Wire, ask: ApiVersionsRequest) -> Any:
    return wire.ask(ask, 3).error_code


def wrong_name_then_versions(wire: Wire) -> list[Any]:
    asks = [ApiVersionsRequest(client_software_name=name, client_software_version="1")
            for name in ("-", "x", "x")]  # fmt: skip
    return [until_closed(partial(asked_name, wire, ask)) for ask in asks]


def request_before(key: ApiKey) -> Callable[[Wire], list[Any]]:
    def script(wire: Wire) -> list[Any]:
        frame = struct.pack(">hhih", key, 0, 1, 0) + bytes(20)
        wire.socket.sendall(struct.pack(">i", len(frame)) + frame)
        return [until_closed(wire.receive_frame)]

    return script


SCRIPTS: dict[str, Callable[[Wire], list[Any]]] = {
    "plain": plain(b"\0alice\0secret"),
    "plain, version 0": plain(b"\0alice\0secret", 0),
    "plain, version 1": plain(b"\0alice\0secret", 1),
    "plain, itself": plain(b"alice\0alice\0secret"),
    "plain, wrong password": plain(b"\0alice\0wrong"),
    "plain, unknown user": plain(b"\0nobody\0wrong"),
    "plain, somebody else": plain(b"bob\0alice\0secret"),
    "plain, no name": plain(b"\0\0secret"),
    "plain, no password": plain(b"\0alice\0"),
    "plain, two parts": plain(b"alice\0secret"),
    "plain, four parts": plain(b"\0alice\0secret\0"),
    "plain, nothing": plain(b""),
    "scram": scram("carol", "secret"),
    "scram, wrong password": scram("carol", "wrong"),
    "scram, somebody else": scram("carol", "secret", header=b"n,a=bob,"),
    "scram, itself": scram("carol", "secret", header=b"n,a=carol,"),
    "scram, another nonce": scram("carol", "secret", nonce=b"nonce"),
    "scram, an extension": scram("carol", "secret", extensions=b",x=y"),
    "scram, unknown token": scram("carol", "secret", extensions=b",tokenauth=true"),
    "bare": bare(b"\0alice\0secret"),
    "bare, wrong password": bare(b"\0alice\0wrong"),
    "unknown mechanism": lambda wire: [gist(handshake(wire, "GSSAPI")), is_served(wire)],
    "handshake twice": lambda wire: [
        gist(until_closed(lambda: handshake(wire, "PLAIN"))) for _ in range(2)
    ],
    "token without handshake": lambda wire: [
        gist(until_closed(lambda: authenticate(wire, b"\0alice\0secret")))
    ],
    "versions twice": versions_twice,
    "wrong name": wrong_name_then_versions,
    "metadata": request_before(ApiKey.METADATA),
    "produce": request_before(ApiKey.PRODUCE),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_same_is_told_before_and_during_a_login(sides: tuple[Side, Side], name: str):
    told = []
    for side in sides:
        with side.login() as wire:
            told.append(SCRIPTS[name](wire))
    assert told[1] == told[0]


def renewal(mechanism: str, token: bytes, pause_s: float = 0) -> Callable[[Wire], list[Any]]:
    def script(wire: Wire) -> list[Any]:
        told = []
        for again in (token, token):
            time.sleep(pause_s)
            told.append(gist(until_closed(lambda: handshake(wire, mechanism))))
            told.append(gist(until_closed(partial(authenticate, wire, again))))
        return [*told, is_served(wire)]

    return script


AFTERWARDS: dict[str, Callable[[Wire], list[Any]]] = {
    "renewed": renewal("PLAIN", b"\0alice\0secret", 1.1),
    "renewed too soon": renewal("PLAIN", b"\0alice\0secret"),
    "renewed as another": renewal("PLAIN", b"\0bob\0secret"),
    "renewed with a wrong password": renewal("PLAIN", b"\0alice\0wrong"),
    "token alone": lambda wire: [gist(authenticate(wire, b"\0alice\0secret")), is_served(wire)],
}


@pytest.mark.parametrize("name", AFTERWARDS)
def test_the_same_is_told_to_whoever_logs_in_again(sides: tuple[Side, Side], name: str):
    told = []
    for side in sides:
        with side.logged_in() as wire:
            told.append(AFTERWARDS[name](wire))
    assert told[1] == told[0]


def test_nobody_has_to_log_in_on_an_open_listener(sides: tuple[Side, Side]):
    told = []
    for side in sides:
        with side.open() as wire:
            told.append(
                [gist(handshake(wire, "PLAIN")), gist(authenticate(wire, b"\0alice\0secret"))]
            )
    assert told[1] == told[0]


# ---------------------------------------------------------------- credentials and tokens


def deletion(name: str, mechanism: int = 1) -> ScramCredentialDeletion:
    return ScramCredentialDeletion(name=name, mechanism=mechanism)


def upsertion(name: str, mechanism: int = 1, iterations: int = 4096) -> ScramCredentialUpsertion:
    return ScramCredentialUpsertion(
        name=name, mechanism=mechanism, iterations=iterations, salt=b"s", salted_password=b"p" * 32
    )


CHANGES: list[tuple[list[ScramCredentialDeletion], list[ScramCredentialUpsertion]]] = [
    ([deletion("nobody")], []),
    ([deletion("carol", 2)], []),
    ([deletion("carol", 3)], []),
    ([deletion("")], []),
    ([], [upsertion("")]),
    ([], [upsertion("dave", 0)]),
    ([], [upsertion("dave", 1, 4095)]),
    ([], [upsertion("dave", 1, 16385)]),
    ([], [upsertion("dave", 1, 16384)]),
    ([], [upsertion("dave"), upsertion("dave", 2)]),
    ([deletion("dave")], [upsertion("dave"), upsertion("erin")]),
    ([deletion("dave"), deletion("erin"), deletion("dave")], []),
]


def test_the_same_credentials_are_refused(sides: tuple[Side, Side]):
    told: list[list[Any]] = []
    for side in sides:
        with side.open() as wire:
            told.append([])
            for deletions, upsertions in CHANGES:
                request = AlterUserScramCredentialsRequest(
                    deletions=deletions, upsertions=upsertions
                )
                results = wire.ask(request, 0).results
                told[-1].append(
                    sorted((each.user, each.error_code, each.error_message) for each in results)
                )
    assert told[1] == told[0]


@pytest.mark.parametrize("users", [None, [], ["carol"], ["nobody"], ["carol", "carol", "x"], [""]])
def test_credentials_are_described_alike(sides: tuple[Side, Side], users: list[str] | None):
    told = []
    for side in sides:
        listed = None if users is None else [UserName(name=user) for user in users]
        with side.open() as wire:
            response = wire.ask(DescribeUserScramCredentialsRequest(users=listed), 0)
        carol = [each for each in response.results if users or each.user == "carol"]
        told.append(
            (response.error_code, response.error_message, sorted(carol, key=lambda each: each.user))
        )
    assert told[1] == told[0]


def token_story(side: Side) -> list[Any]:
    """Make a token and do with it what one may and may not; return what was told."""
    told: list[Any] = []

    def note(response: Any, *names: str) -> Any:
        fields = [getattr(response, name) for name in names]
        told.append((type(response).__name__, response.error_code, *fields))
        return response

    renewers = [CreatableRenewers(principal_type="User", principal_name="bob")]
    alice, bob, admin = (side.logged_in(user) for user in ("alice", "bob", "admin"))
    made = note(
        alice.ask(CreateDelegationTokenRequest(renewers=renewers, max_lifetime_ms=-1), 3),
        *("principal_type", "principal_name", "token_requester_principal_name"),
    )
    told.append(made.expiry_timestamp_ms - made.issue_timestamp_ms)
    told.append(made.max_timestamp_ms - made.issue_timestamp_ms)
    groups = [CreatableRenewers(principal_type="Group", principal_name="g")]
    names = ("principal_name", "issue_timestamp_ms", "expiry_timestamp_ms", "max_timestamp_ms")
    note(alice.ask(CreateDelegationTokenRequest(renewers=groups, max_lifetime_ms=-1), 3), *names)
    with side.open() as wire:
        note(wire.ask(CreateDelegationTokenRequest(max_lifetime_ms=-1), 3), *names)
        note(wire.ask(DescribeDelegationTokenRequest(owners=None), 3))
    time.sleep(1)
    hmac = bytes(made.hmac)
    for version in (1, 2):
        for wire, secret in ((alice, hmac), (bob, hmac), (admin, hmac), (alice, b"unknown")):
            request = RenewDelegationTokenRequest(hmac=secret, renew_period_ms=-1)
            renewed = note(wire.ask(request, version))
            told.append(renewed.expiry_timestamp_ms > made.issue_timestamp_ms)
    for owners in (None, [], ["alice"], ["bob"], ["admin"]):
        listed = None if owners is None else [
            DescribeDelegationTokenOwner(principal_type="User", principal_name=name)
            for name in owners
        ]  # fmt: skip
        for wire in (alice, bob):
            response = note(wire.ask(DescribeDelegationTokenRequest(owners=listed), 3))
            told.append([
                (token.principal_name, token.token_requester_principal_name,
                 [each.principal_name for each in token.renewers], bytes(token.hmac) == hmac)
                for token in response.tokens
            ])  # fmt: skip
    told.append(token_login(side, made.token_id, hmac))
    for wire, period_ms in ((admin, -1), (bob, 60_000), (alice, -1), (alice, -1)):
        ending = ExpireDelegationTokenRequest(hmac=hmac, expiry_time_period_ms=period_ms)
        ended = note(wire.ask(ending, 2))
        told.append(ended.expiry_timestamp_ms > 0)
        time.sleep(0.5)
    told.append(token_login(side, made.token_id, hmac))
    for wire in (alice, bob, admin):
        wire.close()
    return told


def token_login(side: Side, token_id: str, hmac: bytes) -> list[Any]:
    with side.login() as wire:
        password = base64.b64encode(hmac).decode()
        told = scram(token_id, password, extensions=b",tokenauth=true")(wire)
        lifetime_ms = told[0].pop("session_lifetime_ms", 0)
        made = until_closed(lambda: wire.ask(CreateDelegationTokenRequest(max_lifetime_ms=-1), 3))
        return [*told, lifetime_ms > 0, made if made == "closed" else made.error_code]


def test_tokens_live_alike(sides: tuple[Side, Side]):
    theirs, ours = (token_story(side) for side in sides)
    assert ours == theirs


def test_users_and_tokens_that_kafka_kept_log_in_here(tmp_path):
    """Started on the directory of an Apache Kafka, with its settings of logins."""
    login, port, controller = free_port(), free_port(), free_port()
    listeners = f"PLAINTEXT://127.0.0.1:{port},LOGIN://127.0.0.1:{login}"
    theirs = settings_of() | {
        "listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
    }
    with kafka.running_kafka(tmp_path, port, theirs):
        side = Side(login, port)
        with side.open() as wire:
            set_password(wire, "carol", "secret")
        with side.logged_in() as wire:
            made = wire.ask(CreateDelegationTokenRequest(max_lifetime_ms=-1), 3)
            assert made.error_code == 0
    ours = settings_of() | {"listeners": "PLAINTEXT://127.0.0.1:0,LOGIN://127.0.0.1:0"}
    with running_broker(tmp_path / "data", **ours) as running:
        bound = running.call(lambda: running.broker.parts.endpoints.bound)
        side = Side(bound["LOGIN"].port, bound["PLAINTEXT"].port)
        with side.login() as wire:
            assert scram("carol", "secret")(wire)[-1] is True
        with side.login() as wire:
            assert scram("carol", "wrong")(wire)[-1] is False
        outcome = token_login(side, made.token_id, bytes(made.hmac))
        assert outcome[0]["error_code"] == 0
