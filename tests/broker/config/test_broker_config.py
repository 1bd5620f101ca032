"""`BrokerConfig`: access, listeners, directories, and changes on top."""

import pytest

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.listeners import Endpoint
from logcore.common.config import ConfigError

SERVER_PROPERTIES = """
# As Apache Kafka 4.3 ships it, without its comments.
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,\\
    SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
"""


def test_settings_are_items_and_attributes():
    config = BrokerConfig({"num.partitions": "4"})
    assert config["num.partitions"] == config.num_partitions == 4
    assert config.log_retention_hours == 168
    assert config.get("zork") is None
    assert "node.id" in config
    assert dict(config)["node.id"] == 1
    assert len(config) > 360
    with pytest.raises(AttributeError, match="no setting zork"):
        _ = config.zork


def test_a_server_properties_of_apache_kafka_is_read_as_it_is(tmp_path):
    path = tmp_path / "server.properties"
    path.write_text(SERVER_PROPERTIES)
    config = BrokerConfig.load(path)
    assert config.listeners == (Endpoint("PLAINTEXT", "", 9092),)
    assert config.advertised("PLAINTEXT") == Endpoint("PLAINTEXT", "localhost", 9092)
    assert config.advertised("CONTROLLER") is None
    assert config.log_dirs == ("kraft-combined-logs",)
    assert config.metadata_dir == "kraft-combined-logs"
    assert config.warnings == ()
    assert dict(config.without_effect()).keys() == {
        "controller.quorum.bootstrap.servers", "inter.broker.listener.name", "num.network.threads",
        "num.io.threads",
    }  # fmt: skip


def test_a_value_says_where_it_was_given():
    with pytest.raises(ConfigError, match=r"^--set: Invalid value 0 .*num.partitions"):
        BrokerConfig.load(settings=["num.partitions=0"])
    variable = {"LOGCORE_NUM_PARTITIONS": "0"}
    with pytest.raises(ConfigError, match=r"^environment variable LOGCORE_NUM_PARTITIONS: Inv"):
        BrokerConfig.load(environment=variable)


def test_log_dirs_come_from_either_key():
    assert BrokerConfig().log_dirs == ("logcore-data",)
    assert BrokerConfig({"log.dir": "a,b"}).log_dirs == ("a", "b")
    config = BrokerConfig({"log.dir": "a", "log.dirs": "c", "metadata.log.dir": "m"})
    assert (config.log_dirs, config.metadata_dir) == (("c",), "m")


def test_broker_id_is_the_old_name_of_node_id():
    assert BrokerConfig({"broker.id": "5"})["node.id"] == 5
    assert BrokerConfig({"node.id": "5"})["broker.id"] == 5
    assert BrokerConfig()["broker.id"] == 1
    assert BrokerConfig({"node.id": "5"}).static["broker.id"] == "5"
    with pytest.raises(ConfigError, match="the same number"):
        BrokerConfig({"node.id": "5", "broker.id": "6"})


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"listeners": ""}, "none of them is for clients"),
        ({"listeners": "CONTROLLER://:1"}, "none of them is for clients"),
        ({"advertised.listeners": "PLAINTEXT://0.0.0.0:1"}, "cannot connect to 0.0.0.0"),
        ({"advertised.listeners": "PLAINTEXT://:1"}, "names no host"),
        ({"advertised.listeners": "SSL://h:1"}, "SSL is not among listeners"),
    ],
)
def test_listeners_that_make_no_sense(settings, problem):
    with pytest.raises(ConfigError, match=problem):
        BrokerConfig(settings)


def test_a_listener_may_have_a_value_of_its_own():
    config = BrokerConfig(
        {"ssl.client.auth": "required", "listener.name.public.ssl.client.auth": "none"}
    )
    assert config.of_listener("PUBLIC", "ssl.client.auth") == "none"
    assert config.of_listener("OTHER", "ssl.client.auth") == "required"


def test_changes_lie_on_top_and_hide_their_synonyms():
    config = BrokerConfig({"log.retention.ms": "5", "num.io.threads": "3"})
    config.overlay({"log.retention.hours": "7"})
    assert (config["log.retention.ms"], config["log.retention.hours"]) == (None, 7)
    config.overlay({"num.io.threads": "4"})
    assert (config["log.retention.ms"], config.num_io_threads) == (5, 4)
    config.overlay({})
    assert config.num_io_threads == 3
    with pytest.raises(ConfigError, match="Unknown broker config name"):
        config.with_changes({"zork": "1"})
