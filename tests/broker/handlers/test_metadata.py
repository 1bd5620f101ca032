"""Metadata: in every version, by name, by id, all of them, and created on the way."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.common.uuids import ZERO_UUID
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.delete_topics import DeleteTopicsRequest
from logcore.protocol.messages.metadata import MetadataRequest, MetadataRequestTopic
from tests.broker.handlers.refusing import on_cluster, on_topic, refusing
from tests.broker.running import NAMES, Running, running_broker
from tests.broker.wire import Wire

NO_OPERATIONS = -(2**31)
TOPIC_OPERATIONS = 0b1101_1111_1000
CLUSTER_OPERATIONS = 0b1_1111_1010_0000
UNKNOWN, UNKNOWN_ID, FORBIDDEN, INVALID_TOPIC, INVALID_REQUEST = 3, 100, 29, 17, 42


def named(*names: str) -> list[MetadataRequestTopic]:
    return [MetadataRequestTopic(name=name) for name in names]


def by_id(topic_id: bytes) -> MetadataRequestTopic:
    return MetadataRequestTopic(name=None, topic_id=topic_id)


def ask(running: Running, topics, version: int = 12, **rest):
    return running.wire().ask(MetadataRequest(topics=topics, **rest), version)


def quiet(running: Running, *names: str, version: int = 12):
    """Ask for topics and create none."""
    return ask(running, named(*names), version, allow_auto_topic_creation=False).topics


def fresh() -> str:
    return f"fresh-{next(NAMES)}"


@pytest.mark.parametrize("version", range(14))
def test_a_topic_in_every_version(broker: Running, version: int):
    name = broker.topic(partitions=2)
    response = ask(broker, named(name), version)
    [topic] = response.topics
    assert (topic.error_code, topic.name, topic.is_internal) == (0, name, False)
    assert (topic.topic_id != ZERO_UUID) is (version >= 10)
    assert [each.partition_index for each in topic.partitions] == [0, 1]
    for partition in topic.partitions:
        assert (partition.error_code, partition.leader_id) == (0, 1)
        assert partition.leader_epoch == (0 if version >= 7 else -1)
        assert (partition.replica_nodes, partition.isr_nodes) == ([1], [1])
        assert partition.offline_replicas == []
    [node] = response.brokers
    assert (node.node_id, node.host, node.port, node.rack) == (1, "127.0.0.1", broker.port, None)
    assert response.controller_id == (1 if version >= 1 else -1)
    assert response.cluster_id == (broker.broker.parts.cluster_id if version >= 2 else None)
    assert response.error_code == 0


@pytest.mark.parametrize("version", range(14))
def test_all_topics(broker: Running, version: int):
    name = broker.topic()
    response = ask(broker, None if version else [], version)
    found = {topic.name: len(topic.partitions) for topic in response.topics}
    assert found[name] == 1
    assert len(found) == len(broker.broker.parts.controller.image.topics_by_name)


@pytest.mark.parametrize("version", range(1, 14))
def test_no_topics(broker: Running, version: int):
    response = ask(broker, [], version)
    assert response.topics == []
    assert len(response.brokers) == 1


@pytest.mark.parametrize("version", range(14))
def test_a_missing_topic_is_made_and_complete_at_once(broker: Running, version: int):
    name = fresh()
    [topic] = ask(broker, named(name), version).topics
    assert (topic.error_code, topic.name, len(topic.partitions)) == (0, name, 1)
    assert topic.partitions[0].leader_id == 1


def test_many_missing_topics_are_made_together(broker: Running):
    names = [fresh() for _ in range(20)]
    topics = ask(broker, named(*names)).topics
    assert [(topic.name, topic.error_code) for topic in topics] == [(name, 0) for name in names]


def test_two_clients_that_want_the_same_topic(broker: Running):
    name = fresh()
    wires = [broker.wire(), broker.wire()]
    request = MetadataRequest(topics=named(name))
    for wire in wires:
        wire.send(request, 12)
    first, second = (wire.receive(ApiKey.METADATA, 12).topics[0] for wire in wires)
    assert (first.error_code, second.error_code) == (0, 0)
    assert first.topic_id == second.topic_id


@pytest.mark.parametrize("version", range(4, 14))
def test_a_missing_topic_is_not_made_for_who_does_not_want_it(broker: Running, version: int):
    name = fresh()
    [topic] = quiet(broker, name, version=version)
    assert (topic.error_code, topic.name, topic.partitions) == (UNKNOWN, name, [])
    assert name not in broker.broker.parts.controller.image.topics_by_name


def test_a_missing_topic_is_not_made_where_that_is_not_allowed(tmp_path):
    settings = {"auto.create.topics.enable": "false"}
    with running_broker(tmp_path, **settings) as running:
        [topic] = ask(running, named("t")).topics
        assert topic.error_code == UNKNOWN
        assert ask(running, None).topics == []


def test_how_many_partitions_a_topic_gets(tmp_path):
    with running_broker(tmp_path, num_partitions="4") as running:
        assert len(ask(running, named("t")).topics[0].partitions) == 4


@pytest.mark.parametrize("version", [1, 8, 12])
def test_names_that_no_topic_can_have(broker: Running, version: int):
    topics = ask(broker, named("no spaces", "", "x" * 250), version).topics
    assert {topic.error_code for topic in topics} == {INVALID_TOPIC}
    assert [topic.name for topic in topics] == ["no spaces", "", "x" * 250]


def test_a_name_that_collides_is_refused_and_not_made(broker: Running):
    name = fresh()
    ask(broker, named(f"{name}.a"))
    [topic] = ask(broker, named(f"{name}_a")).topics
    assert topic.error_code == INVALID_TOPIC


def test_the_clusters_own_log_is_no_topic(broker: Running):
    [topic] = ask(broker, named("__cluster_metadata")).topics
    assert topic.error_code == UNKNOWN


def test_an_internal_topic_that_is_not_there_yet(broker: Running):
    [topic] = quiet(broker, "__transaction_state")
    assert (topic.error_code, topic.is_internal) == (UNKNOWN, True)


def test_a_topic_named_twice_is_answered_once(broker: Running):
    name = broker.topic()
    assert len(quiet(broker, name, name)) == 1
    assert len(quiet(broker, "nope", "nope")) == 1


@pytest.mark.parametrize("version", [12, 13])
def test_by_id(broker: Running, version: int):
    name = broker.topic()
    topic_id = quiet(broker, name)[0].topic_id
    [topic] = ask(broker, [by_id(topic_id)], version).topics
    assert (topic.name, topic.topic_id, topic.error_code) == (name, topic_id, 0)
    assert len(ask(broker, [by_id(topic_id), *named(name)], version).topics) == 1


@pytest.mark.parametrize("version", [12, 13])
def test_an_unknown_id(broker: Running, version: int):
    [topic] = ask(broker, [by_id(b"x" * 16)], version).topics
    assert (topic.error_code, topic.name, topic.topic_id) == (UNKNOWN_ID, None, b"x" * 16)
    [topic] = ask(broker, [by_id(ZERO_UUID)], version).topics
    assert (topic.error_code, topic.name) == (UNKNOWN_ID, None)


@pytest.mark.parametrize("version", [10, 11])
def test_ids_cannot_be_asked_for_too_early(broker: Running, version: int):
    [topic] = ask(broker, [MetadataRequestTopic(name="t", topic_id=b"x" * 16)], version).topics
    assert (topic.error_code, topic.name) == (INVALID_REQUEST, "t")
    [topic] = ask(broker, [by_id(b"x" * 16)], version).topics
    assert (topic.error_code, topic.name) == (INVALID_REQUEST, "")


@pytest.mark.parametrize("version", range(8, 14))
def test_operations_are_told_on_request(broker: Running, version: int):
    name = broker.topic()
    plain = ask(broker, named(name), version)
    assert plain.topics[0].topic_authorized_operations == NO_OPERATIONS
    assert plain.cluster_authorized_operations == NO_OPERATIONS
    told = {"include_topic_authorized_operations": True}
    if version <= 10:
        told["include_cluster_authorized_operations"] = True
    for topics in (named(name), None):
        response = ask(broker, topics, version, **told)
        [topic] = [topic for topic in response.topics if topic.name == name]
        assert topic.topic_authorized_operations == TOPIC_OPERATIONS
        due = CLUSTER_OPERATIONS if version <= 10 else NO_OPERATIONS
        assert response.cluster_authorized_operations == due


def test_what_may_not_be_seen_is_not_listed(broker: Running):
    hidden, seen = broker.topic(), broker.topic()
    topic_id = quiet(broker, hidden)[0].topic_id
    with refusing(broker, on_topic(Operation.DESCRIBE, hidden)):
        names = {topic.name for topic in ask(broker, None).topics}
        assert seen in names
        assert hidden not in names
        refused, told = quiet(broker, hidden, seen)
        assert (refused.error_code, refused.name) == (FORBIDDEN, hidden)
        assert refused.topic_id == ZERO_UUID
        assert told.error_code == 0
        [topic] = ask(broker, [by_id(topic_id)]).topics
        assert (topic.error_code, topic.name) == (FORBIDDEN, None)


def test_creating_has_to_be_allowed_on_the_topic_or_the_cluster(broker: Running):
    first, second = fresh(), fresh()
    with refusing(broker, on_cluster(Operation.CREATE), on_topic(Operation.CREATE, first)):
        refused, made = ask(broker, named(first, second)).topics
        assert (refused.error_code, made.error_code) == (FORBIDDEN, 0)
    assert first not in broker.broker.parts.controller.image.topics_by_name


def test_the_address_that_is_advertised(tmp_path):
    settings = {"advertised.listeners": "PLAINTEXT://broker.example:1234", "broker.rack": "r1"}
    with running_broker(tmp_path, **settings) as running:
        [node] = ask(running, []).brokers
        assert (node.host, node.port, node.rack) == ("broker.example", 1234, "r1")


def test_a_deleted_topic_is_gone_from_answers_at_once(broker: Running):
    name = broker.topic()
    with Wire(broker.port) as wire:
        assert ask(broker, named(name)).topics[0].error_code == 0
        wire.ask(DeleteTopicsRequest(topic_names=[name], timeout_ms=5000), 5)
        assert quiet(broker, name)[0].error_code == UNKNOWN
        assert name not in {topic.name for topic in ask(broker, None).topics}
