"""The broker follows its metadata: topics, partitions, settings, deletions."""

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.create_partitions import (
    CreatePartitionsRequest,
    CreatePartitionsTopic,
)
from logcore.protocol.messages.delete_topics import DeleteTopicsRequest
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from tests.broker.batches import batch
from tests.broker.handlers.asking import fetch_request, produce
from tests.broker.running import Running, running_broker


def alter(running: Running, topic: str, **configs: str) -> None:
    changes = [
        AlterableConfig(name=key.replace("_", "."), config_operation=0, value=value)
        for key, value in configs.items()
    ]
    resource = AlterConfigsResource(resource_type=2, resource_name=topic, configs=changes)
    request = IncrementalAlterConfigsRequest(resources=[resource])
    assert running.wire().ask(request, 1).responses[0].error_code == 0


def delete(running: Running, topic: str) -> None:
    request = DeleteTopicsRequest(topic_names=[topic], timeout_ms=5000)
    assert running.wire().ask(request, 5).responses[0].error_code == 0


def test_a_setting_holds_for_the_next_append(broker: Running):
    topic, wire = broker.topic(), broker.wire()
    assert produce(wire, topic, batch([b"x" * 500])).error_code == 0
    alter(broker, topic, max_message_bytes="300", min_insync_replicas="1")
    assert produce(wire, topic, batch([b"x" * 500])).error_code == 10
    alter(broker, topic, min_insync_replicas="2")
    assert produce(wire, topic, batch([b"x"])).error_code == 19


def test_a_setting_is_there_after_a_restart(tmp_path):
    with running_broker(tmp_path) as running:
        topic = running.topic(max_message_bytes="300")
    with running_broker(tmp_path) as running:
        assert produce(running.wire(), topic, batch([b"x" * 500])).error_code == 10


def test_more_partitions_are_served_at_once(broker: Running):
    topic, wire = broker.topic(), broker.wire()
    request = CreatePartitionsRequest(
        topics=[CreatePartitionsTopic(name=topic, count=3, assignments=None)], timeout_ms=5000
    )
    assert wire.ask(request, 3).results[0].error_code == 0
    assert produce(wire, topic, batch([b"x"]), partition=2).error_code == 0


def test_whoever_waits_for_a_topic_is_told_that_it_went(broker: Running):
    topic, wire = broker.topic(), broker.wire()
    wire.send(fetch_request(topic, 0, max_wait_ms=20_000), 12)
    delete(broker, topic)
    answer = wire.receive(ApiKey.FETCH, 12)
    assert answer.responses[0].partitions[0].error_code == 3


def test_a_topic_made_again_begins_empty(broker: Running):
    topic, wire = broker.topic(), broker.wire()
    produce(wire, topic, batch([b"x"]))
    delete(broker, topic)
    assert produce(wire, topic, batch([b"x"])).error_code == 3
