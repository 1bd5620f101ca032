"""Our own clients log in by bearer tokens, at our broker and at Apache Kafka, and again in time.

Invariant: tokens are signed by an identity provider that really runs; what is sent while logins are
renewed and tokens replaced is counted in the log afterwards, where nothing is missing or doubled.
Neighbours: `tests/client/oauth` has the provider, and each failure alone; `test_own_logins` logs in
by passwords.
"""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from logcore import Admin, AsyncProducer, BearerToken
from logcore.admin.users import Mechanism
from logcore.client.metrics.registry import Metrics
from logcore.common.clock import SystemClock
from logcore.common.errors import (
    ClientTimeoutError,
    SaslAuthenticationFailedError,
    TokenRefusedError,
)
from logcore.consumer.consumer import Consumer
from logcore.producer.producer import Producer
from tests.broker.running import running_broker
from tests.client.oauth.identity_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    IdentityProvider,
    identity_provider,
)
from tests.eventually import eventually
from tests.interop.certificates import Authority
from tests.interop.secured import MODULES
from tests.peers import kafka
from tests.peers.kafka.broker import free_port

LISTENERS = ("TOKENS", "PASSWORDS", "PLAINTEXT")
RENEWED_MS = 1500
LOAD_S = 6.0
ENDPOINT = "sasl.oauthbearer.token.endpoint.url"


@dataclass
class Cluster:
    """A broker with a listener for tokens, and one for passwords that are to be shown often."""

    ports: dict[str, int]
    provider: IdentityProvider
    authority: Authority
    folder: Path

    def settings(self, **more: Any) -> dict[str, Any]:
        told = {
            "bootstrap.servers": f"127.0.0.1:{self.ports['TOKENS']}",
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "OAUTHBEARER",
        }
        return told | {name.replace("_", "."): value for name, value in more.items()}

    def credentials(self, **more: Any) -> dict[str, Any]:
        prefix = "sasl.oauthbearer.client.credentials.client"
        told = {f"{prefix}.id": CLIENT_ID, f"{prefix}.secret": CLIENT_SECRET}
        return self.settings(**more) | told | {ENDPOINT: self.provider.url}

    def passwords(self, mechanism: str) -> dict[str, Any]:
        return self.settings() | {
            "bootstrap.servers": f"127.0.0.1:{self.ports['PASSWORDS']}",
            "sasl.mechanism": mechanism,
            "sasl.username": "alice",
            "sasl.password": "secret",
        }

    def topic(self, name: str) -> str:
        with Admin(f"127.0.0.1:{self.ports['PLAINTEXT']}") as admin:
            admin.topics.create(name).raise_for_errors()
            eventually(lambda: name in admin.topics.list())
        return name


def settings_of(keys: str) -> dict[str, str]:
    prefix = "listener.name.tokens.oauthbearer."
    return {
        "listener.security.protocol.map": (
            "TOKENS:SASL_PLAINTEXT,PASSWORDS:SASL_PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
        ),
        "inter.broker.listener.name": "PLAINTEXT",
        "sasl.enabled.mechanisms": "OAUTHBEARER",
        "listener.name.passwords.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
        f"{prefix}sasl.jaas.config": f"{MODULES}.oauthbearer.OAuthBearerLoginModule required;",
        f"{prefix}sasl.server.callback.handler.class": (
            f"{MODULES}.oauthbearer.OAuthBearerValidatorCallbackHandler"
        ),
        f"{prefix}sasl.oauthbearer.jwks.endpoint.url": keys,
        f"{prefix}sasl.oauthbearer.expected.audience": "kafka",
        f"{prefix}sasl.oauthbearer.clock.skew.seconds": "0",
        f"{prefix}connections.max.reauth.ms": "3600000",
        "listener.name.passwords.plain.sasl.jaas.config": (
            f'{MODULES}.plain.PlainLoginModule required user_alice="secret";'
        ),
        "listener.name.passwords.scram-sha-256.sasl.jaas.config": (
            f"{MODULES}.scram.ScramLoginModule required;"
        ),
        "listener.name.passwords.plain.connections.max.reauth.ms": str(RENEWED_MS),
        "listener.name.passwords.scram-sha-256.connections.max.reauth.ms": str(RENEWED_MS),
    }


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with identity_provider() as running:
        yield running


@pytest.fixture(autouse=True)
def behaved(provider: IdentityProvider) -> None:
    """Forget how the provider was told to behave."""
    provider.behave = None
    provider.lifetime_s = 3600
    provider.claims = {}
    provider.asked.clear()


@pytest.fixture(scope="module")
def ours(provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("ours")
    settings = settings_of(provider.jwks(folder).as_uri())
    settings["listeners"] = ",".join(f"{name}://127.0.0.1:0" for name in LISTENERS)
    with running_broker(folder / "data", **settings) as running:
        bound = running.call(lambda: running.broker.parts.endpoints.bound)
        ports = {name: at.port for name, at in bound.items()}
        yield prepared(Cluster(ports, provider, Authority(folder), folder))


@pytest.fixture(scope="module")
def theirs(
    kafka_tools: None,  # noqa: ARG001 - asked for to be there first
    provider: IdentityProvider,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("theirs")
    ports = {name: free_port() for name in (*LISTENERS, "CONTROLLER")}
    listeners = ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())
    keys = provider.jwks(folder).as_uri()
    settings = settings_of(keys) | {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{ports['CONTROLLER']}",
    }
    with pytest.MonkeyPatch.context() as patch:
        option = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={keys}"
        patch.setenv("JAVA_TOOL_OPTIONS", option)
        with kafka.running_kafka(folder, ports["PLAINTEXT"], settings):
            yield prepared(Cluster(ports, provider, Authority(folder), folder))


def prepared(cluster: Cluster) -> Cluster:
    """Have a user whose password SCRAM can ask for."""
    with Admin(f"127.0.0.1:{cluster.ports['PLAINTEXT']}") as admin:
        admin.users.set_password("alice", "secret", Mechanism.SCRAM_SHA_256)
        eventually(lambda: "alice" in admin.users.credentials())
    return cluster


@pytest.fixture(params=["ours", pytest.param("theirs", marks=pytest.mark.peer)])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Ours, then Apache Kafka's."""
    found: Cluster = request.getfixturevalue(request.param)
    return found


def read(told: dict[str, Any], topic: str, count: int) -> list[bytes]:
    """Read so many records of a topic, and look for more."""
    found: list[bytes] = []
    with Consumer(config=told | {"auto.offset.reset": "earliest"}) as consumer:
        consumer.assign([(topic, 0)])
        deadline = time.monotonic() + 30
        while len(found) < count and time.monotonic() < deadline:
            found += [record.value for record in consumer.poll(1)]
        found += [record.value for record in consumer.poll(0.2)]
    return found


def there_and_back(cluster: Cluster, told: dict[str, Any], name: str) -> None:
    topic = cluster.topic(name)
    with Producer(told) as producer:
        assert producer.send_many(topic, [b"x" * 100] * 300).result(30) == 300
    assert len(read(told, topic, 300)) == 300


# ---------------------------------------------------------------- where tokens come from


def test_a_function_that_blocks(cluster: Cluster) -> None:
    told = cluster.settings(sasl_oauthbearer_jwt_retriever_class=cluster.provider.token)
    there_and_back(cluster, told, "by-function")


@pytest.mark.asyncio
async def test_a_coroutine_function(cluster: Cluster) -> None:
    async def token() -> BearerToken:
        now_ms = SystemClock().now_ms()
        return BearerToken(cluster.provider.token(), now_ms + 60_000, {"tenant": "a"})

    topic = cluster.topic("by-coroutine")
    told = cluster.settings(sasl_oauthbearer_jwt_retriever_class=token)
    async with AsyncProducer(told) as producer:
        assert (await producer.send(topic, b"x")).offset == 0


def test_a_file(cluster: Cluster, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(cluster.provider.token())
    there_and_back(cluster, cluster.settings() | {ENDPOINT: path.as_uri()}, "by-file")


def test_the_credentials_of_a_client(cluster: Cluster) -> None:
    there_and_back(cluster, cluster.credentials(sasl_oauthbearer_scope="write"), "by-credentials")
    assert cluster.provider.asked[0]["scope"] == "write"
    assert len(cluster.provider.asked) == 2  # one for the producer, one for the consumer


def test_an_identity_provider_with_tls_and_javas_older_spelling(cluster: Cluster) -> None:
    secured = IdentityProvider(key=cluster.provider.key)
    with identity_provider(secured, cluster.authority.store("provider")):
        module = f"{MODULES}.oauthbearer.OAuthBearerLoginModule"
        told = cluster.settings(
            sasl_jaas_config=f'{module} required clientId="{CLIENT_ID}" '
            f'clientSecret="{CLIENT_SECRET}" extension_tenant="a";',
            ssl_truststore_location=str(cluster.authority.trusted),
        )
        there_and_back(cluster, told | {ENDPOINT: secured.url}, "by-jaas")


def test_groups_administration_and_the_command_line(cluster: Cluster) -> None:
    told = cluster.credentials()
    topic = cluster.topic("by-all")
    with Producer(told) as producer:
        producer.send(topic, b"x").result(30)
    group = told | {"group.id": "by-tokens", "auto.offset.reset": "earliest"}
    with Consumer(topic, config=group) as consumer:
        assert [record.value for record in consumer.poll(20)] == [b"x"]
        consumer.commit()
    servers = told.pop("bootstrap.servers")
    with Admin(servers, **told) as admin:
        assert topic in admin.topics.list()
    options = [word for key, value in told.items() for word in ("-X", f"{key}={value}")]
    command = [sys.executable, "-m", "logcore.cli.main", "topic", "list", "-b", servers, *options]
    listed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert topic in listed.stdout.split()


# ---------------------------------------------------------------- what goes wrong


def test_a_wrong_secret_is_told_at_once(cluster: Cluster) -> None:
    told = cluster.credentials()
    told["sasl.oauthbearer.client.credentials.client.secret"] = "hush"
    with (
        Producer(told) as producer,
        pytest.raises(
            TokenRefusedError, match=r"401 .*who are you.*check the client's id"
        ) as error,
    ):
        producer.send("topic", b"x")
    assert "hush" not in str(error.value)


@pytest.mark.parametrize("claims", [{"aud": "others"}, {"exp": 5}])
def test_a_token_that_the_broker_refuses(cluster: Cluster, claims: dict[str, Any]) -> None:
    cluster.provider.claims = claims
    with (
        Producer(cluster.credentials()) as producer,
        pytest.raises(SaslAuthenticationFailedError, match=r"invalid_token .*says sub=orders"),
    ):
        producer.send("topic", b"x")


def test_a_file_with_an_old_token_and_then_with_a_new_one(cluster: Cluster, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(cluster.provider.token(exp=5))
    topic = cluster.topic("by-old-file")
    told = cluster.settings(max_block_ms=500) | {ENDPOINT: path.as_uri()}
    with Producer(told) as producer:
        with pytest.raises(ClientTimeoutError, match="expired already"):
            producer.send(topic, b"x")
        path.write_text(cluster.provider.token())
        assert producer.send(topic, b"x").result(30).offset == 0


def test_an_identity_provider_that_is_down_for_a_while(cluster: Cluster) -> None:
    topic = cluster.topic("by-late-token")
    cluster.provider.behave = lambda asked: asked.answer(503, b"later")
    with Producer(cluster.credentials(max_block_ms=500)) as producer:
        with pytest.raises(ClientTimeoutError, match="503"):
            producer.send(topic, b"x")
        cluster.provider.behave = None
        while True:
            try:
                assert producer.send(topic, b"x").result(30).offset == 0
                break
            except ClientTimeoutError:
                continue  # it asks again in its own time


# ---------------------------------------------------------------- again, in time


def test_nothing_is_lost_or_doubled_while_logins_are_renewed_and_tokens_replaced(
    cluster: Cluster,
) -> None:
    cluster.provider.lifetime_s = 4
    refresh = {"sasl.login.refresh.min.period.seconds": 0, "sasl.login.refresh.buffer.seconds": 0}
    ways = {
        "tokens": cluster.credentials() | refresh,
        "plain": cluster.passwords("PLAIN"),
        "scram": cluster.passwords("SCRAM-SHA-256"),
    }
    sent: dict[str, int] = {}
    measured: dict[str, Metrics] = {}

    def produce(name: str, told: dict[str, Any]) -> None:
        with Producer(told | {"linger.ms": 1}) as producer:
            deadline, count = time.monotonic() + LOAD_S, 0
            while time.monotonic() < deadline:
                values = [b"%d" % (count + at) for at in range(20)]
                count += len(values)
                producer.send_many(name, values)
                time.sleep(0.002)
            producer.flush(30)
            measured[name] = producer.metrics()
        sent[name] = count

    topics = {cluster.topic(f"renewed-{name}"): told for name, told in ways.items()}
    threads = [Thread(target=produce, args=each) for each in topics.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cluster.provider.asked) >= 2
    for each in measured.values():
        assert each["successful-reauthentication-total"] >= 1
        assert each["reauthentication-latency-max"] > 0
    cluster.provider.lifetime_s = 3600
    for name, told in topics.items():
        found = Counter(read(told, name, sent[name]))
        assert found == Counter(b"%d" % at for at in range(sent[name]))


def test_a_connection_that_idled_past_its_login_is_still_good(cluster: Cluster) -> None:
    topic = cluster.topic("idled")
    with Producer(cluster.passwords("PLAIN")) as producer:
        producer.send(topic, b"x").result(30)
        time.sleep(RENEWED_MS / 1000 + 0.3)
        assert producer.send(topic, b"x").result(30).offset == 1
