"""Quotas, by Kafka's own tools: set by them, held against them, and answered like Kafka's.

Invariant: what is compared is asked of both brokers in the same words; rates are held to bounds
that a busy machine keeps too, because a quota makes a client slow and nothing makes it fast.
Neighbours: `tests/broker/quotas` tests the parts alone; `docs/quotas.md` lists what differs.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from logcore.protocol.messages.alter_client_quotas import (
    AlterClientQuotasRequest,
    EntityData,
    OpData,
    RequestEntryData,
)
from logcore.protocol.messages.describe_client_quotas import (
    ComponentData,
    DescribeClientQuotasRequest,
)
from tests.broker.wire import Wire
from tests.interop.broker import OurBroker, running_broker
from tests.peers import kafka

pytestmark = [pytest.mark.long, pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

MB = 1_000_000
WINDOWS = {"quota.window.num": "3"}

Entity = list[tuple[str, str | None]]
Changes = list[tuple[str, float | None]]

ALTERATIONS: list[tuple[Entity, Changes]] = [
    ([("user", "u")], [("producer_byte_rate", 1000.0)]),
    ([("user", "u")], [("producer_byte_rate", 0.0)]),
    ([("user", "u")], [("producer_byte_rate", -5.0)]),
    ([("user", "u")], [("producer_byte_rate", 10.5)]),
    ([("user", "u")], [("producer_byte_rate", 1e30)]),
    ([("user", "u")], [("request_percentage", 0.5)]),
    ([("user", "u")], [("connection_creation_rate", 5.0)]),
    ([("user", "u")], [("nonsense", 5.0)]),
    ([("user", "u")], [("nonsense", None)]),
    ([("user", "u")], []),
    ([], [("producer_byte_rate", 1.0)]),
    ([("user", "")], [("producer_byte_rate", 1.0)]),
    ([("group", "x")], [("producer_byte_rate", 1.0)]),
    ([("user", "u"), ("ip", "1.2.3.4")], [("connection_creation_rate", 1.0)]),
    ([("ip", "1.2.3.4")], [("connection_creation_rate", 1000.0)]),
    ([("ip", "1.2.3.4")], [("connection_creation_rate", 3e9)]),
    ([("ip", "1.2.3.4")], [("producer_byte_rate", 1.0)]),
    ([("ip", "no.such.host.invalid")], [("connection_creation_rate", 1.0)]),
    ([("user", None)], [("producer_byte_rate", 9e9)]),
    ([("user", None), ("client-id", None)], [("controller_mutation_rate", 9e9)]),
    ([("user", "x"), ("client-id", None)], [("consumer_byte_rate", 9e9)]),
]
QUESTIONS: list[tuple[list[tuple[str, int, str | None]], bool]] = [
    ([], False),
    ([], True),
    ([("user", 0, "u")], False),
    ([("user", 1, None)], False),
    ([("user", 2, None)], True),
    ([("user", 2, None), ("client-id", 2, None)], False),
    ([("user", 0, None)], False),
    ([("user", 3, None)], False),
    ([("", 0, "x")], False),
    ([("group", 0, "x")], False),
    ([("user", 0, "u"), ("user", 0, "v")], False),
    ([("ip", 2, None), ("user", 2, None)], False),
    ([("ip", 2, None)], False),
]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OurBroker]:
    with running_broker(tmp_path_factory.mktemp("ours"), settings=WINDOWS) as broker:
        yield broker


def alter(wire: Wire, entity: Entity, changes: Changes) -> int:
    entry = RequestEntryData(
        entity=[EntityData(entity_type=kind, entity_name=name) for kind, name in entity],
        ops=[OpData(key=key, value=value or 0.0, remove=value is None) for key, value in changes],
    )
    answer = wire.ask(AlterClientQuotasRequest(entries=[entry]), 1).entries[0]
    code: int = answer.error_code
    return code


def describe(wire: Wire, components: list[tuple[str, int, str | None]], strict: bool) -> Any:
    asked = [
        ComponentData(entity_type=kind, match_type=match_type, match=match)
        for kind, match_type, match in components
    ]
    answer = wire.ask(DescribeClientQuotasRequest(components=asked, strict=strict), 1)
    found = answer.entries and {
        (
            frozenset((part.entity_type, part.entity_name) for part in entry.entity),
            frozenset((value.key, value.value) for value in entry.values),
        )
        for entry in answer.entries
    }
    return answer.error_code, found or set()


def test_answers_are_those_of_apache_kafka(ours: OurBroker, kafka_broker: kafka.KafkaBroker):
    ports = [int(each.bootstrap.rpartition(":")[2]) for each in (ours, kafka_broker)]
    with Wire(ports[0]) as our_wire, Wire(ports[1]) as their_wire:
        for entity, changes in ALTERATIONS:
            codes = [alter(wire, entity, changes) for wire in (our_wire, their_wire)]
            assert codes[0] == codes[1], (entity, changes)
        deadline = time.monotonic() + 10  # Apache Kafka's broker follows its controller
        while describe(their_wire, [], strict=False) != describe(our_wire, [], strict=False):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for components, strict in QUESTIONS:
            answers = [describe(wire, components, strict) for wire in (our_wire, their_wire)]
            assert answers[0] == answers[1], components
        for wire in (our_wire, their_wire):
            for entity, changes in ALTERATIONS:
                alter(wire, entity, [(key, None) for key, _ in changes])


def limit(broker: OurBroker, client_id: str, *settings: str) -> None:
    """Set quotas of a client id with Kafka's tool."""
    entity = ("--entity-type", "clients", "--entity-name", client_id)
    tool(broker, "configs", "--alter", *entity, "--add-config", ",".join(settings))
    told = tool(broker, "configs", "--describe", *entity)
    assert all(setting.partition("=")[0] in told for setting in settings)


def tool(broker: OurBroker, name: str, *arguments: str) -> str:
    return kafka.run_tool(name, "--bootstrap-server", broker.bootstrap, *arguments)


def produce(broker: OurBroker, topic: str, client_id: str, count: int, *rest: str) -> str:
    properties = (f"bootstrap.servers={broker.bootstrap}", f"client.id={client_id}", *rest)
    return kafka.run_tool(
        "producer-perf", "--topic", topic, "--num-records", str(count), "--record-size", "1000",
        "--throughput", "-1", "--print-metrics", "--producer-props", *properties,
    )  # fmt: skip


def metric(said: str, name: str) -> float:
    [value] = re.findall(rf"{name}:\{{[^}}]*\}}\s*: ([\d.]+)", said)
    return float(value)


def test_a_producer_is_held_to_its_bytes_and_told(ours: OurBroker):
    limit(ours, "slow-producer", f"producer_byte_rate={MB}")
    began = time.monotonic()
    said = produce(ours, "quota-p", "slow-producer", 5_000)
    took_s = time.monotonic() - began
    # 5 MB at 1 MB/s, of which what one window holds and what one request brings comes at once.
    assert took_s > (5_000_000 - 3 * MB) / MB - 1
    assert metric(said, "produce-throttle-time-max") > 100
    assert metric(said, "produce-throttle-time-avg") > 0
    began = time.monotonic()
    said = produce(ours, "quota-p", "another", 5_000)
    assert metric(said, "produce-throttle-time-max") == 0
    assert time.monotonic() - began < took_s


def test_a_consumer_is_held_to_its_bytes_and_told(ours: OurBroker, tmp_path: Path):
    produce(ours, "quota-c", "another", 5_000)
    limit(ours, "slow-consumer", f"consumer_byte_rate={MB}")
    config = tmp_path / "consumer.properties"
    config.write_text("client.id=slow-consumer\n")
    began = time.monotonic()
    said = tool(
        ours, "consumer-perf", "--topic", "quota-c", "--num-records", "5000",
        "--command-config", str(config), "--print-metrics", "--timeout", "30000",
    )  # fmt: skip
    assert time.monotonic() - began > (5_000_000 - 3 * MB) / MB - 1
    assert metric(said, "fetch-throttle-time-max") > 100
    assert re.search(r", 5\d\d\d, ", said), "all of it came"


def test_a_client_is_held_to_its_time(ours: OurBroker):
    limit(ours, "busy", "request_percentage=0.1")
    said = produce(ours, "quota-r", "busy", 300, "batch.size=1", "linger.ms=0")
    assert 10 < metric(said, "produce-throttle-time-max") <= 1_000


def test_changes_to_topics_are_refused_while_the_quota_is_overdrawn(ours: OurBroker):
    limit(ours, "admin", "controller_mutation_rate=1")
    config = ours.output.with_name("admin.properties")
    config.write_text("client.id=admin\n")
    create = ("topics", "--command-config", str(config), "--create", "--partitions", "40")
    tool(ours, *create, "--topic", "m1")
    with pytest.raises(RuntimeError, match="The throttling quota has been exceeded"):
        tool(ours, *create, "--topic", "m2")
    assert tool(ours, "topics", "--list").split().count("m1") == 1
    assert "m2" not in tool(ours, "topics", "--list")


def test_connections_of_an_address_are_held_to_their_rate(tmp_path: Path):
    with running_broker(tmp_path, settings=WINDOWS) as broker:
        port = int(broker.bootstrap.rpartition(":")[2])
        entity = ("--entity-type", "ips", "--entity-name", "127.0.0.1")
        tool(broker, "configs", "--alter", *entity, "--add-config", "connection_creation_rate=5")
        assert "connection_creation_rate=5" in tool(broker, "configs", "--describe", *entity)
        time.sleep(3)  # the tool's own connections leave the window
        served = refused = 0
        for _ in range(30):
            try:
                with Wire(port) as wire:
                    describe(wire, [], strict=False)
            except ConnectionError:
                refused += 1
            else:
                served += 1
        assert served >= 10
        assert refused >= 1


def test_kafka_decodes_quotas_in_our_metadata(tmp_path: Path):
    with running_broker(tmp_path) as broker, Wire(int(broker.bootstrap.rpartition(":")[2])) as wire:
        alter(wire, [("user", "u"), ("client-id", None)], [("consumer_byte_rate", 7.0)])
        alter(wire, [("user", "u"), ("client-id", None)], [("consumer_byte_rate", None)])
    segment = tmp_path / "data" / "__cluster_metadata-0" / f"{0:020}.log"
    said = kafka.dump_log(segment, options=("--deep-iteration", "--cluster-metadata-decoder"))
    quotas = [line for line in said.splitlines() if "CLIENT_QUOTA_RECORD" in line]
    assert len(quotas) == 2
    assert '"entityType":"client-id","entityName":null' in quotas[0]
    assert '"key":"consumer_byte_rate","value":7.0,"remove":false' in quotas[0]
    assert '"remove":true' in quotas[1]
