"""Settings beside Apache Kafka's: the same entries are described, the same changes refused.

Invariant: both brokers are asked the same over the wire; what differs on purpose is listed here.
Neighbours: `tests/broker/config` tests the tables and rules by themselves.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.tables.authorization import AUTHORIZATION
from logcore.broker.config.tables.own import DEFAULTS, OWN
from logcore.common import properties
from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.describe_configs import (
    DescribeConfigsRequest,
    DescribeConfigsResource,
    DescribeConfigsResult,
)
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from tests.broker.running import running_broker
from tests.broker.wire import Wire
from tests.eventually import eventually
from tests.peers import kafka

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

TOPIC, BROKER, LOGGER, METRICS, GROUP = 2, 4, 8, 16, 32
SET, DELETE, APPEND, SUBTRACT = range(4)
NAME = "settings"

OF_THE_PLACE = {"listeners", "advertised.listeners", "log.dir", "log.dirs"}
OTHERWISE = {"min.insync.replicas"}
"""Apache Kafka 4.3 sets it for the cluster while eligible leader replicas are on."""

CHANGES: Final[list[tuple[int, str, str, int, str | None]]] = [
    (TOPIC, NAME, "retention.ms", SET, "6000"),
    (TOPIC, NAME, "retention.mss", SET, "6000"),
    (TOPIC, NAME, "retention.ms", SET, "abc"),
    (TOPIC, NAME, "retention.ms", SET, "-2"),
    (TOPIC, NAME, "retention.ms", SET, None),
    (TOPIC, NAME, "retention.ms", APPEND, "1"),
    (TOPIC, NAME, "compression.type", SET, "brotli"),
    (TOPIC, NAME, "cleanup.policy", SET, "delete,foo"),
    (TOPIC, NAME, "cleanup.policy", SET, "delete,delete"),
    (TOPIC, NAME, "cleanup.policy", SET, ""),
    (TOPIC, NAME, "cleanup.policy", APPEND, "compact"),
    (TOPIC, NAME, "cleanup.policy", SUBTRACT, "delete"),
    (TOPIC, NAME, "cleanup.policy", DELETE, None),
    (TOPIC, NAME, "zork", DELETE, None),
    (TOPIC, NAME, "preallocate", SET, " TRUE "),
    (TOPIC, NAME, "preallocate", SET, "yes"),
    (TOPIC, NAME, "preallocate", DELETE, None),
    (TOPIC, NAME, "min.cleanable.dirty.ratio", SET, "1e-1"),
    (TOPIC, NAME, "min.cleanable.dirty.ratio", SET, "1.5"),
    (TOPIC, NAME, "compression.gzip.level", SET, "0"),
    (TOPIC, NAME, "segment.bytes", SET, "1000"),
    (TOPIC, NAME, "segment.index.bytes", SET, "3000000000"),
    (TOPIC, NAME, "leader.replication.throttled.replicas", SET, "0:1,1:1"),
    (TOPIC, NAME, "leader.replication.throttled.replicas", SET, "*"),
    (TOPIC, NAME, "leader.replication.throttled.replicas", SET, "a"),
    (TOPIC, NAME, "remote.storage.enable", SET, "true"),
    (TOPIC, "nope", "retention.ms", SET, "1"),
    (TOPIC, "a/b", "retention.ms", SET, "1"),
    (TOPIC, "", "retention.ms", SET, "1"),
    (BROKER, "1", "node.id", SET, "3"),
    (BROKER, "1", "log.retention.hours", SET, "3"),
    (BROKER, "1", "log.retention.ms", SET, "123456"),
    (BROKER, "1", "log.retention.ms", SET, "abc"),
    (BROKER, "1", "log.retention.ms", APPEND, "1"),
    (BROKER, "1", "ssl.keystore.location", SET, "/x"),
    (BROKER, "1", "leader.replication.throttled.rate", SET, "1000"),
    (BROKER, "", "log.flush.interval.messages", SET, "1000"),
    (BROKER, "", "max.connections", SET, "900"),
    (BROKER, "", "listeners", SET, "PLAINTEXT://:1"),
    (BROKER, "5", "log.retention.ms", SET, "1"),
    (BROKER, "x", "log.retention.ms", SET, "1"),
    (LOGGER, "1", "no.such", SET, "DEBUG"),
    (LOGGER, "1", "root", SET, "LOUD"),
    (LOGGER, "1", "root", DELETE, None),
    (LOGGER, "1", "root", APPEND, "INFO"),
    (LOGGER, "3", "root", SET, "INFO"),
    (METRICS, "sub", "interval.ms", SET, "1000"),
    (METRICS, "sub", "interval.ms", SET, "10"),
    (METRICS, "sub", "interval.ms", SET, "x"),
    (METRICS, "sub", "match", SET, "client_id=a.*"),
    (METRICS, "sub", "match", SET, "foo=1"),
    (METRICS, "sub", "match", SET, "client_id=["),
    (METRICS, "sub", "x", SET, "10"),
    (METRICS, "", "interval.ms", SET, "1000"),
    (GROUP, "g1", "consumer.session.timeout.ms", SET, "50000"),
    (GROUP, "g1", "consumer.session.timeout.ms", SET, "5"),
    (GROUP, "g1", "consumer.session.timeout.ms", SET, "500000"),
    (GROUP, "g1", "share.auto.offset.reset", SET, "by_duration:PT1H"),
    (GROUP, "g1", "share.auto.offset.reset", SET, "by_duration:1h"),
    (GROUP, "g1", "x", SET, "5"),
    (GROUP, "", "consumer.session.timeout.ms", SET, "50000"),
    (3, "x", "a", SET, "1"),
]


def answer(wire: Wire, kind: int, name: str) -> DescribeConfigsResult:
    asked = DescribeConfigsResource(resource_type=kind, resource_name=name, configuration_keys=None)
    request = DescribeConfigsRequest(resources=[asked], include_synonyms=True)
    result: DescribeConfigsResult = wire.ask(request, 4).results[0]
    return result


def described(wire: Wire, kind: int, name: str) -> dict[str, object]:
    """Return what is told of each setting, but for its documentation."""
    result = answer(wire, kind, name)
    assert result.error_code == 0, result
    return {
        each.name: (
            each.value,
            each.config_source,
            each.config_type,
            each.read_only,
            each.is_sensitive,
            [(one.name, one.value, one.source) for one in each.synonyms],
        )
        for each in result.configs
    }


def code_of(wire: Wire, change: tuple[int, str, str, int, str | None]) -> int:
    """Make one change; return its error code."""
    kind, name, key, operation, value = change
    asked = AlterConfigsResource(
        resource_type=kind,
        resource_name=name,
        configs=[AlterableConfig(name=key, config_operation=operation, value=value)],
    )
    (response,) = wire.ask(IncrementalAlterConfigsRequest(resources=[asked]), 1).responses
    code: int = response.error_code
    return code


@pytest.fixture(scope="module")
def kafka_broker(
    kafka_tools: None,  # noqa: ARG001 - asked for to be there first
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[kafka.KafkaBroker]:
    """A broker whose settings nobody else depends on."""
    with kafka.running_kafka(tmp_path_factory.mktemp("kafka-configs")) as broker:
        yield broker


@pytest.fixture(scope="module")
def wires(
    tmp_path_factory: pytest.TempPathFactory, kafka_broker: kafka.KafkaBroker
) -> Iterator[tuple[Wire, Wire]]:
    """Connections to Apache Kafka and to a broker here that has the same settings and topic."""
    text = (kafka_broker.log_dir.parent / "server.properties").read_text()
    settings = properties.parse(text)
    for key in ("listeners", "advertised.listeners", "log.dirs"):
        del settings[key]
    named = {key.replace(".", "_"): value for key, value in settings.items()}
    with running_broker(tmp_path_factory.mktemp("ours"), **named) as running:
        theirs = Wire(int(kafka_broker.bootstrap.rpartition(":")[2]))
        both = theirs, running.wire()
        topic = CreatableTopic(name=NAME, num_partitions=1, replication_factor=1)
        for wire in both:
            wire.ask(CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 7)
            eventually(partial(is_there, wire))
        yield both
        theirs.close()


def alike(entries: dict[str, object], *leave_out: str) -> dict[str, object]:
    return {name: entry for name, entry in entries.items() if name not in leave_out}


def settings_of(wire: Wire, kind: int, name: str) -> dict[str, object]:
    return alike(described(wire, kind, name), *OTHERWISE)


def has(wire: Wire, kind: int, name: str, settings: dict[str, object]) -> bool:
    return settings_of(wire, kind, name) == settings


def is_there(wire: Wire) -> bool:
    return not answer(wire, TOPIC, NAME).error_code


def test_a_broker_is_described_alike(wires: tuple[Wire, Wire]):
    theirs, ours = (described(wire, BROKER, "1") for wire in wires)
    own = {key.name for key in (*AUTHORIZATION, *OWN)}
    assert ours.keys() - theirs.keys() == own
    leave_out = OF_THE_PLACE | OTHERWISE | own | DEFAULTS.keys()
    assert alike(ours, *leave_out) == alike(theirs, *leave_out)


@pytest.mark.parametrize(("kind", "name"), [(TOPIC, NAME), (GROUP, "none"), (METRICS, "none")])
def test_others_are_described_alike(wires: tuple[Wire, Wire], kind: int, name: str):
    theirs, ours = (settings_of(wire, kind, name) for wire in wires)
    assert ours == theirs


def test_the_same_changes_are_refused_and_the_rest_looks_alike(wires: tuple[Wire, Wire]):
    theirs, ours = ([code_of(wire, change) for change in CHANGES] for wire in wires)
    differing = [
        (change, one, other)
        for change, one, other in zip(CHANGES, theirs, ours, strict=True)
        if one != other
    ]
    assert differing == []
    for kind, name in ((TOPIC, NAME), (GROUP, "g1"), (METRICS, "sub"), (BROKER, "")):
        expected = settings_of(wires[1], kind, name)
        with suppress(AssertionError):
            eventually(partial(has, wires[0], kind, name, expected))
        assert expected == settings_of(wires[0], kind, name)


def test_the_files_of_settings_are_read_alike(tmp_path: Path, kafka_broker: kafka.KafkaBroker):
    """What Apache Kafka was started with is a file that we take as it is."""
    path = tmp_path / "server.properties"
    path.write_bytes((kafka_broker.log_dir.parent / "server.properties").read_bytes())
    config = BrokerConfig.load(path)
    assert config.log_dirs == (str(kafka_broker.log_dir),)
    assert [each.name for each in config.listeners] == ["PLAINTEXT"]
