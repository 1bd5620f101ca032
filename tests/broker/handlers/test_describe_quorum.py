"""DescribeQuorum: one node, which moves with the metadata."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.describe_quorum import (
    DescribeQuorumRequest,
    RequestPartitionData,
    RequestTopicData,
)
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running

UNKNOWN, FORBIDDEN = 3, 31


def ask(running: Running, topic: str = "__cluster_metadata", number: int = 0, version: int = 2):
    asked = RequestTopicData(
        topic_name=topic, partitions=[RequestPartitionData(partition_index=number)]
    )
    return running.wire().ask(DescribeQuorumRequest(topics=[asked]), version)


@pytest.mark.parametrize("version", range(3))
def test_in_every_version(broker: Running, version: int):
    response = ask(broker, version=version)
    controller = broker.broker.parts.controller
    assert response.error_code == 0
    [topic] = response.topics
    [partition] = topic.partitions
    assert (topic.topic_name, partition.partition_index) == ("__cluster_metadata", 0)
    assert (partition.error_code, partition.leader_id) == (0, 1)
    assert partition.leader_epoch == controller.leader_epoch
    assert partition.high_watermark == controller.image.offset + 1
    [voter] = partition.current_voters
    assert (voter.replica_id, voter.log_end_offset) == (1, partition.high_watermark)
    assert (voter.last_fetch_timestamp > 0) is (version >= 1)
    assert partition.observers == []
    assert [node.node_id for node in response.nodes] == ([1] if version >= 2 else [])
    if version >= 2:
        assert response.nodes[0].listeners[0].port == broker.port


def test_the_offset_moves_with_the_metadata(broker: Running):
    before = ask(broker).topics[0].partitions[0].high_watermark
    broker.topic()
    assert ask(broker).topics[0].partitions[0].high_watermark > before


@pytest.mark.parametrize(("topic", "number"), [("nope", 0), ("__cluster_metadata", 1)])
@pytest.mark.parametrize("version", range(3))
def test_nothing_else_has_a_quorum(broker: Running, topic: str, number: int, version: int):
    response = ask(broker, topic, number, version)
    [partition] = response.topics[0].partitions
    assert (response.error_code, partition.error_code) == (0, UNKNOWN)
    assert partition.partition_index == number


def test_who_may_not_describe_the_cluster(broker: Running):
    with refusing(broker, on_cluster(Operation.DESCRIBE)):
        assert ask(broker).error_code == FORBIDDEN
