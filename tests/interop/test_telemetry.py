"""Metrics that Java's clients and librdkafka push, subscribed to by Kafka's own tool.

Invariant: the clients are as they come, without a setting for telemetry; what they push is read
from `/metrics`, as Prometheus would.
Neighbours: `tests/broker/telemetry` tests refusals and bounds.
"""

import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.broker import OurBroker, running_broker
from tests.peers import kafka
from tests.peers.kafka.broker import free_port

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

INTERVAL_MS = 500
FIRST_PUSH_S = 20


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OurBroker, int]]:
    """A broker with a subscription to everything, and its port for metrics."""
    port = free_port()
    settings = {"logcore.health.port": str(port)}
    with running_broker(tmp_path_factory.mktemp("ours"), settings=settings) as broker:
        said = tool(
            broker, "--alter", "--name", "all", "--metrics", "*", "--interval", str(INTERVAL_MS)
        )
        assert "Altered client metrics config for all" in said
        yield broker, port


def tool(broker: OurBroker, *arguments: str) -> str:
    return kafka.run_tool("client-metrics", "--bootstrap-server", broker.bootstrap, *arguments)


def shown(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        text: str = response.read().decode()
    return text


def series(text: str, client_id: str) -> dict[str, float]:
    """Return the series of a client, by metric."""
    pattern = rf'^(logcore_client_\w+){{client_id="{client_id}",.*}} (\S+)$'
    return {name: float(value) for name, value in re.findall(pattern, text, re.MULTILINE)}


def test_subscriptions_are_listed_and_described(served: tuple[OurBroker, int]):
    broker, _ = served
    assert "all" in tool(broker, "--list").split()
    assert f"interval.ms={INTERVAL_MS}" in tool(broker, "--describe", "--name", "all")


def test_a_java_producer_and_consumer_push(served: tuple[OurBroker, int], tmp_path: Path):
    broker, port = served
    properties = f"bootstrap.servers={broker.bootstrap}"
    kafka.run_tool(
        "producer-perf", "--topic", "pushed", "--num-records", "3000", "--record-size", "100",
        "--throughput", "1000", "--producer-props", properties, "client.id=java-producer",
    )  # fmt: skip
    config = tmp_path / "consumer.properties"
    config.write_text("client.id=java-consumer\n")
    kafka.run_tool(
        "consumer-perf", "--bootstrap-server", broker.bootstrap, "--topic", "pushed",
        "--num-records", "3000", "--command-config", str(config),
    )  # fmt: skip
    text = shown(port)
    produced = series(text, "java-producer")
    assert produced["logcore_client_org_apache_kafka_producer_record_send_total"] > 1000
    assert len(produced) > 50
    consumed = series(text, "java-consumer")
    assert any("consumer_coordinator" in name for name in consumed)
    assert 'client_software_name="apache-kafka-java",client_software_version="4.3.1"' in text


def test_librdkafka_pushes(served: tuple[OurBroker, int]):
    confluent_kafka = pytest.importorskip("confluent_kafka")
    broker, port = served
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": broker.bootstrap, "client.id": "rdkafka"}
    )
    deadline = time.monotonic() + FIRST_PUSH_S
    while not series(shown(port), "rdkafka"):
        assert time.monotonic() < deadline, "librdkafka pushes nothing"
        producer.produce("pushed", b"x")
        producer.poll(0.2)
    producer.flush(10)
    pushed = series(shown(port), "rdkafka")
    assert any("producer" in name or "connection" in name for name in pushed)
    assert 'client_software_name="confluent-kafka-python"' in shown(port) or (
        'client_software_name="librdkafka"' in shown(port)
    )


def test_a_deleted_subscription_is_gone(served: tuple[OurBroker, int]):
    broker, _ = served
    tool(broker, "--alter", "--name", "other", "--metrics", "org.", "--interval", "1000")
    tool(broker, "--delete", "--name", "other")
    assert "other" not in tool(broker, "--list").split()
