"""Our own clients push their metrics, to our broker and to an Apache Kafka that takes them.

Invariant: what is pushed adds up to what was done, the push at the end included; a client that no
broker asks pushes nothing, and says nothing.
Neighbours: `test_telemetry` has foreign clients push to our broker; `tests/client/telemetry` has
what goes wrong.
"""

import re
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from logcore.admin.admin import Admin
from logcore.admin.configs import Changes, Resource, ResourceKind
from logcore.broker.telemetry.otlp import read_metrics
from logcore.client.cluster import Cluster
from logcore.client.config import CLIENT_CONFIG
from logcore.client.settings import Settings
from logcore.client.telemetry.pusher import UNASKED_S, Pusher
from logcore.common.uuids import ZERO_UUID
from logcore.consumer.consumer import Consumer
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker
from tests.eventually import eventually
from tests.interop.java_program import compiled
from tests.peers import kafka
from tests.peers.kafka.broker import KafkaBroker, free_port

RECEIVER = Path(__file__).with_name("TelemetryReceiver.java")
SENT = "org.apache.kafka.producer.record.send.total"
CONSUMED = "org.apache.kafka.consumer.fetch.manager.records.consumed.total"
INTERVAL_MS = 200


@dataclass
class Telling:
    """A cluster that wants metrics, and what was pushed to it.

    Attributes:
        bootstrap: Its address.
        total: Returns what a metric of a client, as a whole, adds up to.
    """

    bootstrap: str
    total: Callable[[str, str], float]


def subscribe(bootstrap: str) -> None:
    """Have clients asked for everything."""
    every = Resource(ResourceKind.CLIENT_METRICS, "every")
    wanted = {"metrics": "*", "interval.ms": str(INTERVAL_MS)}
    with Admin(bootstrap, enable_metrics_push=False) as admin:
        admin.configs.alter({every: Changes(set=wanted)}).raise_for_errors()
        eventually(lambda: admin.configs.describe(every)[every]["metrics"].value == "*")


@pytest.fixture(scope="module")
def ours() -> Iterator[Telling]:
    port = free_port()

    def total(client_id: str, metric: str) -> float:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text: str = answer.read().decode()
        name = f"logcore_client_{metric.replace('.', '_')}"
        found = re.findall(rf'^{name}{{(client_id="{client_id}",.*)}} (\S+)$', text, re.MULTILINE)
        return sum(float(value) for labels, value in found if "topic=" not in labels)

    with LocalBroker(logcore_health_port=port) as broker:
        subscribe(broker.bootstrap_servers)
        yield Telling(broker.bootstrap_servers, total)


@pytest.fixture(scope="module")
def theirs(
    kafka_tools: None,  # noqa: ARG001 - asked for to be there first
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Telling]:
    folder = tmp_path_factory.mktemp("theirs")
    file = folder / "pushes"

    def total(client_id: str, metric: str) -> float:
        lines = file.read_text().splitlines() if file.exists() else []
        pushes = [line.split(" ") for line in lines if line.count(" ") == 2]
        points = [
            point
            for whose, _, data in pushes
            if whose == client_id
            for point in read_metrics(bytes.fromhex(data))
        ]
        assert all(point.is_delta for point in points if point.is_counter)
        own = [point for point in points if "topic" not in dict(point.attributes)]
        return sum(point.value for point in own if point.name == metric)

    config = {"metric.reporters": "TelemetryReceiver", "telemetry.receiver.file": str(file)}
    with kafka.running_kafka(folder, config=config, classes=compiled(RECEIVER)) as broker:
        subscribe(broker.bootstrap)
        yield Telling(broker.bootstrap, total)


@pytest.fixture(params=["ours", pytest.param("theirs", marks=[pytest.mark.peer, pytest.mark.long])])
def telling(request: pytest.FixtureRequest) -> Telling:
    """Ours, then Apache Kafka's."""
    found: Telling = request.getfixturevalue(request.param)
    return found


def test_what_is_pushed_adds_up_to_what_was_done(telling: Telling) -> None:
    settings = {"bootstrap.servers": telling.bootstrap, "client.id": "own-producer"}
    with Producer(settings) as producer:
        assert producer.send_many("pushed", [b"x" * 100] * 700).result(30) == 700
        eventually(lambda: telling.total("own-producer", SENT) == 700)
        producer.send_many("pushed", [b"x"] * 77)
    assert telling.total("own-producer", SENT) == 777
    reading = {"bootstrap.servers": telling.bootstrap, "auto.offset.reset": "earliest"}
    reading |= {"client.id": "own-consumer", "group.id": "own-readers", "client.rack": "r"}
    with Consumer("pushed", config=reading) as consumer:
        taken = len(consumer.poll(20, max_records=10))
        eventually(lambda: telling.total("own-consumer", CONSUMED) == taken)
        while taken < 777:
            taken += len(consumer.poll(20))
    assert telling.total("own-consumer", CONSUMED) == 777


def test_who_ends_at_once_and_who_does_not_want_to_push_nothing(telling: Telling) -> None:
    settings = {"bootstrap.servers": telling.bootstrap}
    with Producer({**settings, "client.id": "brief"}) as producer:
        producer.send("pushed", b"x").result(30)
    with Producer({**settings, "client.id": "mute", "enable.metrics.push": False}) as producer:
        producer.send("pushed", b"x").result(30)
        assert producer.core._cluster._push_timer is None
    assert telling.total("brief", SENT) == telling.total("mute", SENT) == 0


@pytest.mark.peer
@pytest.mark.asyncio
async def test_an_apache_kafka_that_takes_none_is_not_asked(kafka_broker: KafkaBroker) -> None:
    settings = Settings(CLIENT_CONFIG, {"bootstrap.servers": kafka_broker.bootstrap})
    cluster = Cluster(settings)
    await cluster.refresh()
    pusher = Pusher(cluster, dict)
    assert await pusher._turn() == UNASKED_S
    assert pusher.instance_id == ZERO_UUID
    await pusher.end()
    cluster.close()
