"""Foreign clients log in by each mechanism and by certificates, or hear why they may not.

Invariant: each peer's own words for a refusal are looked for, so that a broken connection does not
pass for one. A client in Python needs no peer but its package; Java's tools need Java.
Neighbours: `secured` runs the broker; `test_security_beside_kafka` asks both brokers the same.
"""

import asyncio
import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop.secured import MECHANISMS, MODULES, PASSWORD, USER, Secured, secured_broker
from tests.peers import kafka

confluent_kafka = pytest.importorskip("confluent_kafka")
kafka_python = pytest.importorskip("kafka")
aiokafka = pytest.importorskip("aiokafka")
pytest.importorskip("aiokafka.admin")
pytest.importorskip("aiokafka.abc")

pytestmark = [
    pytest.mark.timeout(300),
    # kafka-python leaves the socket of a refused connection to the collector of garbage.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
LISTENERS = ("SASL_PLAINTEXT", "SASL_SSL")
EVERY = [(listener, mechanism) for listener in LISTENERS for mechanism in MECHANISMS]
PATIENCE_S = 20
REFUSALS = ("_AUTHENTICATION", "_ALL_BROKERS_DOWN")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured_broker(tmp_path_factory.mktemp("secured")) as made:
        yield made
        assert "Traceback" not in made.broker.output.read_text(errors="replace")


# ---------------------------------------------------------------- librdkafka


def librdkafka_settings(secured: Secured, listener: str) -> dict[str, Any]:
    return {
        "bootstrap.servers": secured.bootstrap(listener),
        "security.protocol": listener,
        "ssl.ca.location": str(secured.authority.trusted),
    }


def by_librdkafka(secured: Secured, listener: str, mechanism: str, *, is_right: bool) -> str:
    """Ask for the brokers; return the error of the login, or nothing."""
    errors: list[str] = []
    settings = librdkafka_settings(secured, listener) | {
        "sasl.mechanism": mechanism,
        "error_cb": lambda error: errors.append(str(error)),
        "log_level": 0,
    }
    if mechanism == "OAUTHBEARER":
        token = secured.issuer.token(**({} if is_right else {"aud": "others"}))
        settings["oauth_cb"] = lambda _: (token, time.time() + 600)  # noqa: TID251 - librdkafka's
    else:
        settings |= {
            "sasl.username": USER,
            "sasl.password": PASSWORD if is_right else "wrong",
        }
    return librdkafka_error(settings, errors)


def librdkafka_error(settings: dict[str, Any], errors: list[str]) -> str:
    producer = confluent_kafka.Producer(settings)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        producer.poll(0)
        try:
            producer.list_topics(timeout=1)
        except confluent_kafka.KafkaException:
            producer.poll(0)
        else:
            return ""
        refusals = [text for text in errors if any(code in text for code in REFUSALS)]
        if refusals:
            return refusals[0]
    pytest.fail(f"neither in nor refused: {errors}")


@pytest.mark.parametrize(("listener", "mechanism"), EVERY)
def test_librdkafka(secured: Secured, listener: str, mechanism: str):
    assert by_librdkafka(secured, listener, mechanism, is_right=True) == ""
    before = len(secured.refusals())
    refusal = by_librdkafka(secured, listener, mechanism, is_right=False)
    expected = {
        "PLAIN": "Authentication failed: Invalid username or password",
        "OAUTHBEARER": '{"status": "invalid_token"}',
    }.get(mechanism, "due to invalid credentials with SASL mechanism " + mechanism)
    assert expected in refusal
    line = secured.refusals()[before]
    assert f"listener={listener} mechanism={mechanism} user=" in line
    assert ("user=" + USER in line) == (mechanism != "OAUTHBEARER")


def test_librdkafka_by_certificate(secured: Secured):
    settings = librdkafka_settings(secured, "SSL")
    store = str(secured.authority.store("Bob"))
    with_one = settings | {"ssl.certificate.location": store, "ssl.key.location": store}
    assert librdkafka_error(with_one, []) == ""
    errors: list[str] = []
    without = settings | {"error_cb": lambda error: errors.append(str(error)), "log_level": 0}
    assert "_BROKERS_DOWN" in librdkafka_error(without, errors)  # it asks, and is hung up on


def test_librdkafka_logs_in_again_before_its_login_is_over(tmp_path: Path):
    key = "connections.max.reauth.ms"
    with secured_broker(tmp_path, **{key: "1500", "logcore.health.port": "0"}) as secured:
        settings = librdkafka_settings(secured, "SASL_PLAINTEXT") | {
            "sasl.mechanism": "SCRAM-SHA-256",
            "sasl.username": USER,
            "sasl.password": PASSWORD,
        }
        producer = confluent_kafka.Producer(settings)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            assert producer.list_topics(timeout=10).brokers
            time.sleep(0.05)
        assert secured.refusals() == []


# ---------------------------------------------------------------- kafka-python


class Tokens:
    """What kafka-python asks for a bearer token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        return self._token

    def extensions(self) -> dict[str, str]:
        return {}


def kafka_python_settings(secured: Secured, listener: str) -> dict[str, Any]:
    return {
        "bootstrap_servers": secured.bootstrap(listener),
        "security_protocol": listener,
        "ssl_cafile": str(secured.authority.trusted),
        "bootstrap_timeout_ms": 1500,
    }


def by_kafka_python(settings: dict[str, Any]) -> bool:
    """Ask for the cluster; return whether that was answered."""
    try:
        admin = kafka_python.KafkaAdminClient(**settings)
    except kafka_python.errors.KafkaError:
        return False
    try:
        return bool(admin.describe_cluster()["brokers"])
    finally:
        admin.close()


def kafka_python_login(secured: Secured, mechanism: str, *, is_right: bool) -> dict[str, Any]:
    if mechanism == "OAUTHBEARER":
        from kafka.net.sasl.oauth import AbstractTokenProvider  # noqa: PLC0415 - a peer's

        token = secured.issuer.token(**({} if is_right else {"exp": 5}))
        provider = type("Provider", (Tokens, AbstractTokenProvider), {})(token)
        return {"sasl_mechanism": mechanism, "sasl_oauth_token_provider": provider}
    return {
        "sasl_mechanism": mechanism,
        "sasl_plain_username": USER,
        "sasl_plain_password": PASSWORD if is_right else "wrong",
    }


@pytest.mark.parametrize(("listener", "mechanism"), EVERY)
def test_kafka_python(
    secured: Secured, listener: str, mechanism: str, caplog: pytest.LogCaptureFixture
):
    settings = kafka_python_settings(secured, listener)
    right = kafka_python_login(secured, mechanism, is_right=True)
    assert by_kafka_python(settings | right)
    before = len(secured.refusals())
    wrong = kafka_python_login(secured, mechanism, is_right=False)
    assert not by_kafka_python(settings | wrong)
    assert "SaslAuthenticationFailedError" in caplog.text
    assert f"listener={listener} mechanism={mechanism}" in secured.refusals()[before]


def test_kafka_python_by_certificate(secured: Secured):
    settings = kafka_python_settings(secured, "SSL")
    store = str(secured.authority.store("Bob"))
    assert by_kafka_python(settings | {"ssl_certfile": store, "ssl_keyfile": store})
    assert not by_kafka_python(settings)


# ---------------------------------------------------------------- aiokafka


async def by_aiokafka(secured: Secured, mechanism: str, *, is_right: bool) -> None:
    login: dict[str, Any] = {
        "sasl_plain_username": USER,
        "sasl_plain_password": PASSWORD if is_right else "wrong",
    }
    if mechanism == "OAUTHBEARER":
        token = secured.issuer.token(**({} if is_right else {"iss": "others"}))

        async def told(_: object) -> str:
            return token

        provider = type("Provider", (aiokafka.abc.AbstractTokenProvider,), {"token": told})
        login = {"sasl_oauth_token_provider": provider()}
    client = aiokafka.admin.AIOKafkaAdminClient(
        bootstrap_servers=secured.bootstrap("SASL_PLAINTEXT"),
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism=mechanism,
        **login,
    )
    try:
        await client.start()
        assert isinstance(await client.list_topics(), list)
    finally:
        await client.close()


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_aiokafka(secured: Secured, mechanism: str):
    asyncio.run(by_aiokafka(secured, mechanism, is_right=True))
    before = len(secured.refusals())
    with pytest.raises(aiokafka.errors.KafkaError):
        asyncio.run(by_aiokafka(secured, mechanism, is_right=False))
    assert f"mechanism={mechanism}" in secured.refusals()[before]


# ---------------------------------------------------------------- Java's tools

peer = pytest.mark.peer


class JavaClient:
    """Runs Kafka's tools with settings for a listener."""

    def __init__(self, secured: Secured, listener: str, folder: Path) -> None:
        self.bootstrap = secured.bootstrap(listener)
        self.file = folder / "client.properties"
        self.settings = {
            "security.protocol": listener,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(secured.authority.trusted),
            "default.api.timeout.ms": "15000",
            "request.timeout.ms": "10000",
        }

    def run(self, tool: str, *arguments: str, stdin: str = "") -> str:
        lines = [f"{key}={value}" for key, value in self.settings.items()]
        self.file.write_text("\n".join(lines))
        return kafka.run_tool(
            tool,
            *("--bootstrap-server", self.bootstrap, "--command-config", str(self.file)),
            *arguments,
            stdin=stdin,
        )

    def refusal(self, tool: str, *arguments: str) -> str:
        """What a tool prints that must fail."""
        with pytest.raises(RuntimeError) as caught:
            self.run(tool, *arguments)
        return str(caught.value)


def java_login(secured: Secured, mechanism: str, folder: Path, *, is_right: bool) -> dict[str, str]:
    if mechanism == "OAUTHBEARER":
        file = folder / f"token-{is_right}"
        file.write_text(secured.issuer.token(**({} if is_right else {"iss": "others"})))
        os.environ["JAVA_TOOL_OPTIONS"] = (
            f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={file.as_uri()} "
            f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.files={file}"
        )
        handler = f"{MODULES}.oauthbearer.OAuthBearerLoginCallbackHandler"
        return {
            "sasl.mechanism": mechanism,
            "sasl.jaas.config": f"{MODULES}.oauthbearer.OAuthBearerLoginModule required;",
            "sasl.login.callback.handler.class": handler,
            "sasl.oauthbearer.token.endpoint.url": file.as_uri(),
        }
    module = "plain.PlainLoginModule" if mechanism == "PLAIN" else "scram.ScramLoginModule"
    password = PASSWORD if is_right else "wrong"
    return {
        "sasl.mechanism": mechanism,
        "sasl.jaas.config": f'{MODULES}.{module} required username="{USER}" password="{password}";',
    }


@pytest.fixture(autouse=True)
def java_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what a test told Java."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "")


@peer
@pytest.mark.usefixtures("kafka_tools")
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_java(secured: Secured, mechanism: str, tmp_path: Path):
    client = JavaClient(secured, "SASL_SSL", tmp_path)
    client.settings |= java_login(secured, mechanism, tmp_path, is_right=True)
    assert "Created topic" in client.run("topics", "--create", "--topic", f"java-{mechanism}")
    client.settings |= java_login(secured, mechanism, tmp_path, is_right=False)
    refusal = client.refusal("topics", "--list")
    assert "SaslAuthenticationException" in refusal
    expected = {
        "PLAIN": "Authentication failed: Invalid username or password",
        "OAUTHBEARER": '{"status": "invalid_token"}',
    }.get(mechanism, f"due to invalid credentials with SASL mechanism {mechanism}")
    assert expected in refusal


@peer
@pytest.mark.usefixtures("kafka_tools")
def test_java_writes_and_reads(secured: Secured, tmp_path: Path):
    client = JavaClient(secured, "SASL_PLAINTEXT", tmp_path)
    client.settings |= java_login(secured, "SCRAM-SHA-512", tmp_path, is_right=True)
    client.run("console-producer", "--topic", "java-words", stdin="one\ntwo\n")
    words = client.run(
        *("console-consumer", "--topic", "java-words", "--from-beginning"),
        *("--max-messages", "2", "--timeout-ms", "30000"),
    )
    assert words.split() == ["one", "two"]


@peer
@pytest.mark.usefixtures("kafka_tools")
def test_java_by_certificate(secured: Secured, tmp_path: Path):
    client = JavaClient(secured, "SSL", tmp_path)
    store = secured.authority.store("Bob")
    client.settings |= {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(store)}
    assert "Created topic" in client.run("topics", "--create", "--topic", "java-certificate")
    del client.settings["ssl.keystore.type"], client.settings["ssl.keystore.location"]
    assert "SslAuthenticationException" in client.refusal("topics", "--list")
    said = secured.broker.output.read_text().rpartition("handshake failed: ")[2]
    assert "certificate" in said.lower()


@peer
@pytest.mark.usefixtures("kafka_tools")
def test_javas_stores_are_read(tmp_path: Path, secured: Secured):
    """Key stores that keytool made, under the type that Kafka's settings have by default."""
    trust, keys = tmp_path / "trust.p12", tmp_path / "keys.p12"
    tool = Keytool(tmp_path)
    tool.run("-genkeypair", keys, "-keyalg", "EC", "-dname", "CN=broker", "-alias", "broker",
             "-ext", "san=ip:127.0.0.1,dns:localhost")  # fmt: skip
    tool.run("-importcert", trust, "-noprompt", "-alias", "ca",
             "-file", str(secured.authority.trusted))  # fmt: skip
    tool.run("-exportcert", keys, "-alias", "broker", "-rfc", "-file", str(tmp_path / "own.pem"))
    settings = {
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": str(keys),
        "ssl.keystore.password": Keytool.PASSWORD,
        "ssl.truststore.type": "JKS",
        "ssl.truststore.location": str(trust),
        "ssl.truststore.password": Keytool.PASSWORD,
    }
    with secured_broker(tmp_path, **settings) as other:
        told = librdkafka_settings(other, "SSL") | {"ssl.ca.location": str(tmp_path / "own.pem")}
        store = str(secured.authority.store("Bob"))
        told |= {"ssl.certificate.location": store, "ssl.key.location": store}
        assert librdkafka_error(told, []) == ""


class Keytool:
    """Java's tool for key stores."""

    PASSWORD = "changeit"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, command: str, store: Path, *arguments: str) -> None:
        subprocess.run(
            ["keytool", command, "-keystore", str(store), "-storetype", "PKCS12",
             "-storepass", self.PASSWORD, *arguments],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip


@peer
@pytest.mark.usefixtures("kafka_tools")
def test_users_are_kept_by_kafkas_tool(secured: Secured, tmp_path: Path):
    client = JavaClient(secured, "SASL_SSL", tmp_path)
    client.settings |= java_login(secured, "PLAIN", tmp_path, is_right=True)
    entity = ("--entity-type", "users", "--entity-name", "carol")
    client.run("configs", "--alter", *entity, "--add-config", "SCRAM-SHA-256=[password=one]")
    described = client.run("configs", "--describe", *entity)
    assert "SCRAM-SHA-256=iterations=4096" in described
    carol = librdkafka_settings(secured, "SASL_PLAINTEXT") | {
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": "carol",
        "sasl.password": "one",
    }
    assert librdkafka_error(carol, []) == ""
    client.run("configs", "--alter", *entity, "--delete-config", "SCRAM-SHA-256")
    errors: list[str] = []
    gone = carol | {"error_cb": lambda error: errors.append(str(error)), "log_level": 0}
    assert "_AUTHENTICATION" in librdkafka_error(gone, errors)


@peer
@pytest.mark.usefixtures("kafka_tools")
def test_tokens_by_kafkas_tool_log_in(secured: Secured, tmp_path: Path):
    client = JavaClient(secured, "SASL_SSL", tmp_path)
    client.settings |= java_login(secured, "SCRAM-SHA-256", tmp_path, is_right=True)
    made = client.run(
        *("delegation-tokens", "--create", "--max-life-time-period", "-1"),
        *("--renewer-principal", "User:bob"),
    )
    token_id, secret = made.splitlines()[-1].split()[:2]
    assert len(base64.b64decode(secret)) == 64
    by_token = JavaClient(secured, "SASL_PLAINTEXT", tmp_path / "..")
    by_token.settings |= {
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": f"{MODULES}.scram.ScramLoginModule required "
        f'username="{token_id}" password="{secret}" tokenauth=true;',
    }
    by_token.file = tmp_path / "token.properties"
    assert "Created topic" in by_token.run("topics", "--create", "--topic", "java-token")
    listed = client.run("delegation-tokens", "--describe", "--owner-principal", f"User:{USER}")
    assert token_id in listed
    client.run("delegation-tokens", "--renew", "--renew-time-period", "-1", "--hmac", secret)
    client.run("delegation-tokens", "--expire", "--expiry-time-period", "-1", "--hmac", secret)
    refusal = by_token.refusal("topics", "--list")
    assert "SaslAuthenticationException" in refusal
    assert "due to invalid credentials with SASL mechanism SCRAM-SHA-512" in refusal


def test_the_line_of_a_refusal_shows_no_secret(secured: Secured):
    output = secured.broker.output.read_text(errors="replace")
    assert PASSWORD not in output
    assert secured.issuer.token().split(".")[2] not in output
    assert json.loads(secured.issuer.jwks.read_text())["keys"]
