"""Clients that log in may do what access rules let them, and hear of the rest as refusals.

Each client is one that we did not write: librdkafka, kafka-python and Apache Kafka's own tools.
Neighbours: `test_acls` compares the answers, API by API, with Apache Kafka's.
"""

import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from logcore.broker.config.tables.authorization import STANDARD_AUTHORIZER
from tests.interop.broker import OurBroker, running_broker
from tests.peers import kafka

WAIT_S = 30
JAAS = (
    "org.apache.kafka.common.security.plain.PlainLoginModule required "
    'user_admin="of-admin" user_alice="of-alice" user_bob="of-bob";'
)
SETTINGS = {
    "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT",
    "sasl.enabled.mechanisms": "PLAIN",
    "listener.name.clients.plain.sasl.jaas.config": JAAS,
    "authorizer.class.name": STANDARD_AUTHORIZER,
    "super.users": "User:admin",
}
TOPIC = "orders"


def login(broker: OurBroker, user: str) -> dict[str, Any]:
    """Return the settings by which librdkafka logs in."""
    return {
        "bootstrap.servers": broker.bootstrap,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": user,
        "sasl.password": f"of-{user}",
    }


def python_login(broker: OurBroker, user: str) -> dict[str, Any]:
    """Return the settings by which kafka-python logs in."""
    return {
        "bootstrap_servers": broker.bootstrap,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": user,
        "sasl_plain_password": f"of-{user}",
    }


def java_login(path: Path, user: str) -> str:
    """Write the settings by which Apache Kafka's tools log in; return the file."""
    file = path / f"{user}.properties"
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    file.write_text(
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n"
        f'sasl.jaas.config={module} required username="{user}" password="of-{user}";\n'
    )
    return str(file)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OurBroker]:
    """A broker that wants logins, where alice may write and read, and bob may nothing."""
    path = tmp_path_factory.mktemp("denied")
    with running_broker(path, settings=SETTINGS, listener="CLIENTS") as broker:
        admin = AdminClient(login(broker, "admin"))
        admin.create_topics([NewTopic(TOPIC, 1)])[TOPIC].result(WAIT_S)
        rules = [
            ("TOPIC", TOPIC, "READ"),
            ("TOPIC", TOPIC, "WRITE"),
            ("GROUP", "readers", "READ"),
        ]
        made = admin.create_acls([binding(*rule) for rule in rules])
        for future in made.values():
            future.result(WAIT_S)
        yield broker


def binding(kind: str, name: str, operation: str) -> Any:
    return AclBinding(
        ResourceType[kind],
        name,
        ResourcePatternType.LITERAL,
        "User:alice",
        "*",
        AclOperation[operation],
        AclPermissionType.ALLOW,
    )


def delivered(settings: dict[str, Any]) -> KafkaError | None:
    """Produce one record; return what became of it."""
    producer, outcomes = Producer(settings), []
    producer.produce(TOPIC, b"value", on_delivery=lambda error, _: outcomes.append(error))
    producer.flush(WAIT_S)
    (outcome,) = outcomes
    return outcome


def test_librdkafka_writes_what_it_may(broker: OurBroker):
    assert delivered(login(broker, "alice")) is None
    refused = delivered(login(broker, "bob"))
    assert refused is not None
    assert refused.code() in {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }


def poll_for_long(producer: Producer) -> None:
    """Wait for what befalls a producer.

    Raises:
        KafkaException: If that is the end of it.
    """
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        producer.poll(0.1)


def test_librdkafka_writes_idempotently_by_a_rule_about_any_topic(broker: OurBroker):
    idempotent = {"enable.idempotence": True}
    assert delivered(login(broker, "alice") | idempotent) is None
    refused = Producer(login(broker, "bob") | idempotent)
    with pytest.raises(KafkaException, match="Cluster authorization failed"):
        poll_for_long(refused)


def consumed(settings: dict[str, Any], group: str) -> bytes:
    """Read the first record as a member of a group.

    Raises:
        KafkaException: If that is refused.
    """
    consumer = Consumer(settings | {"group.id": group, "auto.offset.reset": "earliest"})
    consumer.subscribe([TOPIC])
    try:
        message = consumer.poll(WAIT_S)
        assert message is not None
        if message.error() is not None:
            raise KafkaException(message.error())
        consumer.commit(message, asynchronous=False)
        value: bytes = message.value()
        return value
    finally:
        consumer.close()


def test_librdkafka_reads_what_it_may_in_groups_that_it_may(broker: OurBroker):
    assert delivered(login(broker, "alice")) is None
    assert consumed(login(broker, "alice"), "readers") == b"value"
    with pytest.raises(KafkaException) as caught:
        consumed(login(broker, "alice"), "others")
    assert caught.value.args[0].code() == KafkaError.GROUP_AUTHORIZATION_FAILED
    with pytest.raises(KafkaException) as caught:
        consumed(login(broker, "bob"), "readers")
    assert caught.value.args[0].code() in {
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
    }


def test_who_may_not_see_a_topic_does_not_hear_of_it(broker: OurBroker):
    assert TOPIC in AdminClient(login(broker, "alice")).list_topics(timeout=WAIT_S).topics
    bob = AdminClient(login(broker, "bob"))
    assert bob.list_topics(timeout=WAIT_S).topics == {}
    told = bob.list_topics(TOPIC, timeout=WAIT_S).topics[TOPIC]
    assert told.error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert told.partitions == {}


def test_kafka_python_is_refused_what_rules_deny(broker: OurBroker):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of its own import
        from kafka import KafkaConsumer, KafkaProducer  # noqa: PLC0415
        from kafka.errors import GroupAuthorizationFailedError  # noqa: PLC0415
    producer = KafkaProducer(**python_login(broker, "alice"))
    assert producer.send(TOPIC, b"value").get(WAIT_S).topic == TOPIC
    producer.close()
    consumer = KafkaConsumer(
        TOPIC,
        group_id="readers",
        auto_offset_reset="earliest",
        **python_login(broker, "bob"),
    )
    with pytest.raises(GroupAuthorizationFailedError):
        consumer.poll(WAIT_S * 1000)
    consumer.close()


@pytest.mark.peer
@pytest.mark.usefixtures("kafka_tools")
def test_kafkas_tools_are_refused_what_rules_deny_until_one_allows(
    broker: OurBroker, tmp_path: Path
):
    def tool(user: str, name: str, *arguments: str) -> str:
        where = ("--bootstrap-server", broker.bootstrap, "--command-config")
        return kafka.run_tool(name, *where, java_login(tmp_path, user), *arguments)

    assert TOPIC not in tool("bob", "topics", "--list")
    with pytest.raises(RuntimeError, match="ClusterAuthorizationException"):
        tool("bob", "acls", "--list")
    add = ("--add", "--allow-principal", "User:bob", "--consumer", "--group", "bobs")
    tool("admin", "acls", *add, "--topic", TOPIC)
    assert TOPIC in tool("bob", "topics", "--list")
    reading = ("--topic", TOPIC, "--group", "bobs", "--from-beginning", "--max-messages", "1")
    assert tool("bob", "console-consumer", *reading) == "value\n"
    listed = tool("admin", "acls", "--list", "--principal", "User:bob")
    assert "operation=READ" in listed
