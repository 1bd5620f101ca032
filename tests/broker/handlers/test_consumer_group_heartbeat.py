"""ConsumerGroupHeartbeat over the wire, in every version."""

from typing import Any

import pytest

from logcore.broker.authorizer import Operation, ResourceType
from logcore.protocol.messages.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    TopicPartitions,
)
from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from tests.broker.handlers.grouping import new_group, on_group
from tests.broker.handlers.refusing import refusing
from tests.broker.running import Running
from tests.broker.wire import Wire


def joining(group: str, *topics: str, **given: Any) -> ConsumerGroupHeartbeatRequest:
    """Say everything, as a first heartbeat must."""
    return ConsumerGroupHeartbeatRequest(
        group_id=group,
        member_id=given.pop("member_id", "m"),
        rebalance_timeout_ms=60_000,
        subscribed_topic_names=list(topics),
        topic_partitions=[],
        **given,
    )


@pytest.mark.parametrize("version", range(2))
def test_every_version(broker: Running, version: int):
    wire = broker.wire()
    topic = broker.topic(partitions=2)
    group = new_group(wire)
    joined = wire.ask(joining(group, topic), version)
    assert (joined.error_code, joined.member_id, joined.member_epoch) == (0, "m", 1)
    assert joined.heartbeat_interval_ms == 5_000
    (assigned,) = joined.assignment.topic_partitions
    assert assigned.partitions == [0, 1]
    owned = TopicPartitions(topic_id=assigned.topic_id, partitions=[0, 1])
    request = ConsumerGroupHeartbeatRequest(
        group_id=group, member_id="m", member_epoch=1, topic_partitions=[owned]
    )
    beat = wire.ask(request, version)
    assert (beat.error_code, beat.member_epoch, beat.assignment) == (0, 1, None)
    request.member_epoch = 7
    fenced = wire.ask(request, version)
    assert fenced.error_code == 110
    assert "must abandon all its partitions" in fenced.error_message
    request.member_epoch = -1
    left = wire.ask(request, version)
    assert (left.error_code, left.member_epoch) == (0, -1)


def test_an_id_is_made_in_version_0_alone(broker: Running):
    wire = broker.wire()
    group = new_group(wire)
    assert len(wire.ask(joining(group, member_id=""), 0).member_id) == 22
    assert wire.ask(joining(group, member_id=""), 1).error_code == 42


def test_topics_by_expression(broker: Running):
    wire = broker.wire()
    topic = broker.topic()
    group = new_group(wire)
    set_interval(wire, group, "0")
    request = joining(group, subscribed_topic_regex=topic[:-1] + "[" + topic[-1] + "]")
    assert wire.ask(request, 1).error_code == 0
    beat = ConsumerGroupHeartbeatRequest(group_id=group, member_id="m", member_epoch=1)
    response = wire.ask(beat, 1)
    assert response.member_epoch == 2
    assert len(response.assignment.topic_partitions) == 1


def test_a_topic_that_is_made_is_assigned_once_the_group_s_interval_is_over(broker: Running):
    wire = broker.wire()
    later = "made-later"
    group = new_group(wire)
    set_interval(wire, group, "0")
    wire.ask(joining(group, later), 1)
    made = CreatableTopic(name=later, num_partitions=1, replication_factor=1)
    wire.ask(CreateTopicsRequest(topics=[made]), 7)
    beat = ConsumerGroupHeartbeatRequest(group_id=group, member_id="m", member_epoch=1)
    response = wire.ask(beat, 1)
    assert response.member_epoch == 2
    assert len(response.assignment.topic_partitions) == 1


def set_interval(wire: Wire, group: str, interval_ms: str) -> None:
    """Set how long a group's targets stand at least."""
    change = AlterableConfig(name="consumer.assignment.interval.ms", value=interval_ms)
    resource = AlterConfigsResource(resource_type=32, resource_name=group, configs=[change])
    response = wire.ask(IncrementalAlterConfigsRequest(resources=[resource]), 1)
    assert response.responses[0].error_code == 0


def test_refused(broker: Running):
    wire = broker.wire()
    with refusing(broker, on_group(Operation.READ, "g")):
        assert wire.ask(joining("g", "t"), 1).error_code == 30
    with refusing(broker, (Operation.DESCRIBE, ResourceType.TOPIC, "t")):
        assert wire.ask(joining("g", "t"), 1).error_code == 29
