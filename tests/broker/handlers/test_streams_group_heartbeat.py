"""StreamsGroupHeartbeat over the wire, its topics created on the way."""

import time
from typing import Any

import pytest

from logcore.broker.authorizer import CLUSTER_NAME, Operation, ResourceType
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from logcore.protocol.messages.metadata import MetadataRequest, MetadataRequestTopic
from logcore.protocol.messages.streams_group_heartbeat import (
    KeyValue,
    StreamsGroupHeartbeatRequest,
    Subtopology,
    TopicInfo,
    Topology,
)
from logcore.protocol.messages.update_features import FeatureUpdateKey, UpdateFeaturesRequest
from tests.broker.handlers.grouping import new_group, on_group
from tests.broker.handlers.refusing import refusing
from tests.broker.running import Running
from tests.broker.wire import Wire


def stateful(topic: str, changelog: str, **configs: str) -> Topology:
    """Return a topology that reads a topic and keeps state."""
    written = [KeyValue(key=key, value=value) for key, value in configs.items()]
    info = TopicInfo(name=changelog, topic_configs=written)
    part = Subtopology(subtopology_id="0", source_topics=[topic], state_changelog_topics=[info])
    return Topology(subtopologies=[part])


def joining(group: str, topology: Topology, **given: Any) -> StreamsGroupHeartbeatRequest:
    """Say everything, as a first heartbeat must."""
    return StreamsGroupHeartbeatRequest(
        group_id=group,
        member_id=given.pop("member_id", "m"),
        rebalance_timeout_ms=60_000,
        topology=topology,
        active_tasks=[],
        standby_tasks=[],
        warmup_tasks=[],
        process_id="p",
        **given,
    )


def at_once(wire: Wire, group: str) -> None:
    """Let a group's first target be computed without waiting."""
    changes = [
        AlterableConfig(name=f"streams.{key}.ms", value="0")
        for key in ("initial.rebalance.delay", "assignment.interval")
    ]
    resource = AlterConfigsResource(resource_type=32, resource_name=group, configs=changes)
    response = wire.ask(IncrementalAlterConfigsRequest(resources=[resource]), 1)
    assert response.responses[0].error_code == 0


def beat_until_ready(wire: Wire, group: str, epoch: int) -> Any:
    """Send heartbeats until the group's topics are there; return the last response."""
    deadline = time.monotonic() + 10
    while True:
        response = wire.ask(
            StreamsGroupHeartbeatRequest(group_id=group, member_id="m", member_epoch=epoch), 0
        )
        assert response.error_code == 0, response
        epoch = response.member_epoch
        if not response.status or time.monotonic() > deadline:
            return response


def test_topics_are_created_on_the_way(broker: Running):
    wire = broker.wire("me")
    topic = broker.topic(partitions=2)
    group = new_group(wire)
    at_once(wire, group)
    changelog = f"{group}-changelog"
    joined = wire.ask(
        joining(group, stateful(topic, changelog, **{"cleanup.policy": "compact"})), 0
    )
    assert (joined.error_code, joined.member_id, joined.heartbeat_interval_ms) == (0, "m", 5_000)
    assert [each.status_code for each in joined.status] == [3]
    ready = beat_until_ready(wire, group, joined.member_epoch)
    assert [each.partitions for each in ready.active_tasks] == [[0, 1]]
    asked = MetadataRequest(topics=[MetadataRequestTopic(name=changelog)])
    assert len(wire.ask(asked, 12).topics[0].partitions) == 2
    left = wire.ask(StreamsGroupHeartbeatRequest(group_id=group, member_id="m", member_epoch=-1), 0)
    assert (left.error_code, left.member_epoch) == (0, -1)


def test_why_a_topic_cannot_be_created_is_told(broker: Running):
    wire = broker.wire()
    group = new_group(wire)
    topology = stateful(broker.topic(), f"{group}-changelog", **{"no.such.setting": "1"})
    epoch = wire.ask(joining(group, topology), 0).member_epoch
    request = StreamsGroupHeartbeatRequest(group_id=group, member_id="m", member_epoch=epoch)
    detail = wire.ask(request, 0).status[-1].status_detail
    assert f"; Creation failed: {group}-changelog (" in detail
    assert "no.such.setting" in detail


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("__consumer_offsets", "Use of Kafka internal topics __consumer_offsets in a Kafka"),
        ("no such name", "Topic names no such name are not valid topic names."),
    ],
)
def test_topics_that_may_not_be_used(broker: Running, named: str, message: str):
    wire = broker.wire()
    group = new_group(wire)
    for topology in (stateful(named, "log"), stateful(broker.topic(), named)):
        response = wire.ask(joining(group, topology), 0)
        assert response.error_code == 130
        assert response.error_message.startswith(message)


def test_refused(broker: Running):
    wire = broker.wire()
    topic = broker.topic()
    group = new_group(wire)
    changelog = f"{group}-changelog"
    request = joining(group, stateful(topic, changelog))
    with refusing(broker, on_group(Operation.READ, group)):
        assert wire.ask(request, 0).error_code == 30
    for name in (topic, changelog):
        with refusing(broker, (Operation.DESCRIBE, ResourceType.TOPIC, name)):
            assert wire.ask(request, 0).error_code == 29
    no_cluster = (Operation.CREATE, ResourceType.CLUSTER, CLUSTER_NAME)
    with refusing(broker, no_cluster, (Operation.CREATE, ResourceType.TOPIC, changelog)):
        response = wire.ask(request, 0)
        assert response.error_code == 0
        assert f"; Unauthorized to CREATE on topics {changelog}." in (
            response.status[-1].status_detail
        )
    with refusing(broker, no_cluster):
        response = wire.ask(request, 0)
        assert "Unauthorized" not in response.status[-1].status_detail


def test_without_the_feature(broker: Running):
    wire = broker.wire()
    group = new_group(wire)
    request = joining(group, stateful(broker.topic(), "log"))
    set_feature(wire, 0)
    try:
        assert wire.ask(request, 0).error_code == 35
    finally:
        set_feature(wire, 1)
    assert wire.ask(request, 0).error_code == 0


def set_feature(wire: Wire, level: int) -> None:
    """Put a level of streams groups in force."""
    update = FeatureUpdateKey(
        feature="streams.version", max_version_level=level, upgrade_type=2 if level == 0 else 1
    )
    request = UpdateFeaturesRequest(timeout_ms=10_000, feature_updates=[update])
    assert wire.ask(request, 1).error_code == 0
