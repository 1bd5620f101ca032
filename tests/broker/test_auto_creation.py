"""Topics made on demand: the broker's own as their coordinators need them."""

from concurrent.futures import Future
from typing import Any

from logcore.broker.auto_creation import GROUP_METADATA, ensure_topic
from tests.broker.running import Running, running_broker


def ensured(running: Running, name: str) -> Any:
    """Have a topic made, and return its image."""
    made: Future[Any] = Future()
    deferred = running.call(ensure_topic, running.broker.parts, name)
    running.call(deferred.then, lambda done: made.set_result(done.value()))
    return made.result(20)


def test_the_topic_of_groups_is_made_as_its_coordinator_needs_it(tmp_path):
    with running_broker(tmp_path, offsets_topic_num_partitions="7") as running:
        topic = ensured(running, GROUP_METADATA)
        assert topic.is_internal
        assert len(topic.partitions) == 7
        assert topic.partitions[0].replicas == (1,)
        configs = running.broker.parts.controller.image.topic_configs(GROUP_METADATA)
        assert configs == {
            "cleanup.policy": "compact",
            "compression.type": "producer",
            "segment.bytes": "104857600",
        }


def test_other_topics_are_made_as_the_broker_has_it(tmp_path):
    with running_broker(tmp_path, num_partitions="3") as running:
        topic = ensured(running, "plain")
        assert len(topic.partitions) == 3
        assert running.broker.parts.controller.image.topic_configs("plain") == {}
        assert ensured(running, "plain") is topic
