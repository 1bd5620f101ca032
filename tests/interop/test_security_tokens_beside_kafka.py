"""Bearer tokens beside Apache Kafka's judgement: the same tokens let in the same people.

Invariant: both brokers have the same settings and the same keys; each token is shown to both. What
differs on purpose is listed here, with the reason.
Neighbours: `tests/broker/security/test_jwt` and `test_jws` prove each rule alone.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

import jwt
import pytest

from logcore.common.clock import SystemClock
from tests.broker.handlers.logging_in import authenticate, handshake
from tests.broker.running import running_broker
from tests.broker.security.signing import ec_key, jwk, rsa_key, unsecured
from tests.broker.wire import Wire
from tests.interop.secured import MODULES
from tests.peers import kafka
from tests.peers.kafka.broker import free_port

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools"), pytest.mark.timeout(300)]

LISTENERS: Final = ("ANY", "SOME", "UNSIGNED")
HANDLER: Final = f"{MODULES}.oauthbearer.OAuthBearerValidatorCallbackHandler"
MODULE: Final = f"{MODULES}.oauthbearer.OAuthBearerLoginModule required"


def settings_of(keys: str) -> dict[str, str]:
    mapped = ",".join(f"{name}:SASL_PLAINTEXT" for name in LISTENERS)
    settings = {
        "listener.security.protocol.map": f"{mapped},PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "OAUTHBEARER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.name.unsigned.oauthbearer.sasl.jaas.config": (
            f'{MODULE} unsecuredLoginStringClaim_sub="broker" '
            'unsecuredValidatorRequiredScope="read write";'
        ),
    }
    for name in ("any", "some"):
        prefix = f"listener.name.{name}.oauthbearer."
        settings[f"{prefix}sasl.jaas.config"] = f"{MODULE};"
        settings[f"{prefix}sasl.server.callback.handler.class"] = HANDLER
        settings[f"{prefix}sasl.oauthbearer.jwks.endpoint.url"] = keys
    prefix = "listener.name.some.oauthbearer.sasl.oauthbearer."
    settings[f"{prefix}expected.audience"] = "kafka,logcore"
    settings[f"{prefix}expected.issuer"] = "urn:idp"
    settings[f"{prefix}clock.skew.seconds"] = "60"
    settings[f"{prefix}sub.claim.name"] = "email"
    settings[f"{prefix}scope.claim.name"] = "scp"
    return settings


Sides = tuple[dict[str, int], dict[str, int]]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """The ports of the listeners, Apache Kafka's first."""
    folder = tmp_path_factory.mktemp("keys")
    listed = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec_key("two").public_key()))
    shared = {"kty": "oct", "kid": "shared", "k": base64.urlsafe_b64encode(b"s" * 64).decode()}
    keys = [jwk("one"), listed | {"kid": "two"}, jwk("hidden", use="enc"), shared]
    (folder / "keys.json").write_text(json.dumps({"keys": keys}))
    url = (folder / "keys.json").as_uri()
    ports = {name: free_port() for name in (*LISTENERS, "PLAINTEXT", "CONTROLLER")}
    listeners = ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())
    theirs = settings_of(url) | {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{ports['CONTROLLER']}",
    }
    mine = ",".join(f"{name}://127.0.0.1:0" for name in (*LISTENERS, "PLAINTEXT"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={url}")
        with (
            kafka.running_kafka(tmp_path_factory.mktemp("theirs"), ports["PLAINTEXT"], theirs),
            running_broker(
                tmp_path_factory.mktemp("ours"), **settings_of(url) | {"listeners": mine}
            ) as running,
        ):
            bound = running.call(lambda: running.broker.parts.endpoints.bound)
            yield ports, {name: at.port for name, at in bound.items()}


def told(port: int, token: str, rest: str = "") -> Any:
    """Show a token; return what was told, in the end."""
    with Wire(port) as wire:
        assert handshake(wire, "OAUTHBEARER").error_code == 0
        try:
            first = authenticate(wire, f"n,,\x01auth=Bearer {token}\x01{rest}\x01".encode())
            if first.error_code or not bytes(first.auth_bytes):
                return (first.error_code, first.session_lifetime_ms > 0)
            status = json.loads(bytes(first.auth_bytes))
            if "scope" in status:  # Java's list, where RFC 6750 wants words with spaces between
                status["scope"] = status["scope"].strip("[]").replace(",", "")
            last = authenticate(wire, b"\x01")
        except ConnectionError:
            return "closed"
        assert json.loads(last.error_message)["status"] == status["status"]
        return (status, last.error_code)


def signed(changes: dict[str, Any], key: str = "one", **headers: Any) -> str:
    now = now_s()
    claims = {"sub": "alice", "email": "a@b", "iat": now - 10, "exp": now + 3600} | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    headers = {"kid": key} | headers
    headers = {name: value for name, value in headers.items() if value is not None}
    if key == "two":
        return jwt.encode(claims, ec_key(key), "ES256", headers)
    return jwt.encode(claims, rsa_key(key), headers.pop("alg", "RS256"), headers)


def now_s() -> int:
    return SystemClock().now_ms() // 1000


CLAIMS: Final[dict[str, dict[str, Any]]] = {
    "good": {},
    "no end": {"exp": None},
    "no issue": {"iat": None},
    "over": {"exp": -5},
    "just over": {"exp": -45},
    "begins later": {"nbf": 50},
    "begins much later": {"nbf": 5000},
    "issued later": {"iat": 50, "exp": 4000},
    "no subject": {"sub": None, "email": None},
    "a blank subject": {"sub": " ", "email": " "},
    "a subject of another type": {"sub": 5, "email": 5},
    "an end of another type": {"exp": "soon"},
    "an audience": {"aud": "kafka"},
    "some audiences": {"aud": ["others", "logcore"]},
    "other audiences": {"aud": ["others"]},
    "an issuer": {"iss": "urn:idp", "aud": "kafka"},
    "another issuer": {"iss": "urn:other", "aud": "kafka"},
    "issuer and over within the skew": {"iss": "urn:idp", "aud": "kafka", "exp": -45, "iat": -90},
    "a scope": {"scope": "read", "scp": "read", "iss": "urn:idp", "aud": "kafka"},
    "scopes": {"scope": ["a", "b"], "scp": ["a", "b"], "iss": "urn:idp", "aud": "kafka"},
    "a blank scope": {"scope": " ", "scp": " ", "iss": "urn:idp", "aud": "kafka"},
    "a blank among scopes": {
        "scope": ["a", ""],
        "scp": ["a", ""],
        "iss": "urn:idp",
        "aud": "kafka",
    },
}
TIMES: Final = ("exp", "iat", "nbf")


def resolved(claims: dict[str, Any]) -> dict[str, Any]:
    """Times are told from now on."""
    now = now_s()
    return {
        name: now + value if name in TIMES and isinstance(value, int) else value
        for name, value in claims.items()
    }


@pytest.mark.parametrize("listener", ["ANY", "SOME"])
@pytest.mark.parametrize("name", CLAIMS)
def test_the_same_claims_let_in(sides: Sides, listener: str, name: str):
    token = signed(resolved(CLAIMS[name]))
    theirs, ours = (told(ports[listener], token) for ports in sides)
    assert ours == theirs


def forged(change: dict[str, Any]) -> str:
    header, _, signature = signed({}).split(".")
    claims = base64.urlsafe_b64encode(json.dumps(change).encode()).decode().rstrip("=")
    return f"{header}.{claims}.{signature}"


def tokens() -> dict[str, str]:
    good = {"sub": "alice", "iat": now_s(), "exp": now_s() + 60}
    return {
        "elliptic": signed({}, "two"),
        "RS512": signed({}, alg="RS512"),
        "PS256": signed({}, alg="PS256"),
        "no key id": signed({}, kid=None),
        "another key's id": signed({}, kid="two"),
        "an unknown key": signed({}, "three"),
        "an unknown key by a known id": signed({}, "three", kid="one"),
        "unsigned": unsecured(good),
        "unsigned with a key id": unsecured(good, {"alg": "none", "kid": "one"}),
        "changed": forged(good | {"sub": "admin"}),
        "two parts": signed({}).rpartition(".")[0],
        "nonsense": "nonsense",
        "not base64": "a.b.c",
    }


@pytest.mark.parametrize("name", tokens())
def test_the_same_signatures_let_in(sides: Sides, name: str):
    theirs, ours = (told(ports["ANY"], tokens()[name]) for ports in sides)
    assert ours == theirs


UNSIGNED: Final[dict[str, dict[str, Any]]] = {
    "good": {"scope": ["read", "write"]},
    "without issue": {"scope": ["read", "write"], "iat": None},
    "issued later": {"scope": ["read", "write"], "iat": 100, "exp": 200},
    "over": {"scope": ["read", "write"], "iat": -50, "exp": -5},
    "one scope": {"scope": ["read"]},
    "no scope": {},
    "an audience": {"scope": ["read", "write"], "aud": "x"},
}


@pytest.mark.parametrize("name", UNSIGNED)
def test_the_same_unsigned_claims_let_in(sides: Sides, name: str):
    now = now_s()
    claims = {"sub": "alice", "iat": now, "exp": now + 60} | resolved(UNSIGNED[name])
    token = unsecured({key: value for key, value in claims.items() if value is not None})
    theirs, ours = (told(ports["UNSIGNED"], token) for ports in sides)
    assert ours == theirs


def test_a_signed_token_is_no_unsigned_one(sides: Sides):
    theirs, ours = (
        told(ports["UNSIGNED"], signed({"scope": ["read", "write"]})) for ports in sides
    )
    assert ours == theirs


def test_extensions_of_a_signed_token(sides: Sides):
    theirs, ours = (told(ports["ANY"], signed({}), "traceId=1\x01") for ports in sides)
    assert ours == theirs
