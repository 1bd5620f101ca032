"""A view is merged of answers: leaders never go back, and a new topic begins anew."""

from typing import Any

from logcore.client.addresses import Address
from logcore.client.cluster_view import BrokerView, ClusterView
from logcore.protocol.messages.metadata import (
    MetadataResponse,
    MetadataResponseBroker,
    MetadataResponsePartition,
    MetadataResponseTopic,
)

ONE, OTHER = b"1" * 16, b"2" * 16


def answer(leader: int = 1, epoch: int = 5, topic_id: bytes = ONE, **rest: Any) -> MetadataResponse:
    partition = MetadataResponsePartition(
        partition_index=0, leader_id=leader, leader_epoch=epoch, replica_nodes=[1, 2], isr_nodes=[1]
    )
    fields: dict[str, Any] = {"name": "t", "topic_id": topic_id, "partitions": [partition]}
    brokers = [
        MetadataResponseBroker(node_id=node, host=f"h{node}", port=9092, rack=None)
        for node in (1, 2)
    ]
    topic = MetadataResponseTopic(**(fields | rest))
    return MetadataResponse(brokers=brokers, topics=[topic], cluster_id="c", controller_id=1)


def test_what_an_answer_says() -> None:
    view = ClusterView().merged(answer(), ["t"])
    assert view.leader_of("t", 0) == 1
    assert view.leader_epoch_of("t", 0) == 5
    assert view.topic_id_of("t") == ONE
    assert view.brokers[2].address == Address("h2", 9092)
    assert (view.cluster_id, view.controller_id) == ("c", 1)
    assert view.topics["t"].writable == [0]
    assert view.leader_of("t", 9) == view.leader_of("u", 0) == -1


def test_an_older_leader_does_not_come_back() -> None:
    view = ClusterView().merged(answer(1, 5), ["t"])
    assert view.merged(answer(2, 4), ["t"]).leader_of("t", 0) == 1
    assert view.merged(answer(2, 6), ["t"]).leader_of("t", 0) == 2


def test_a_topic_made_anew_begins_anew() -> None:
    view = ClusterView().merged(answer(1, 5), ["t"])
    assert view.merged(answer(2, 0, OTHER), ["t"]).leader_of("t", 0) == 2


def test_an_error_keeps_what_was_known() -> None:
    view = ClusterView().merged(answer(), ["t"])
    failed = view.merged(answer(error_code=5, partitions=[]), ["t"])
    assert failed.leader_of("t", 0) == 1
    assert failed.topics["t"].error_code == 5


def test_topics_that_are_not_kept_go() -> None:
    view = ClusterView().merged(answer(), ["t"])
    assert not view.merged(MetadataResponse(topics=[]), None).topics
    assert view.merged(MetadataResponse(topics=[]), ["t"]).topics


def test_a_leader_that_a_broker_told_of() -> None:
    view = ClusterView().merged(answer(1, 5), ["t"])
    assert view.with_leader("t", 0, 2, 6).leader_of("t", 0) == 2
    assert view.with_leader("t", 0, 2, 5) is view
    assert view.with_leader("u", 0, 2, 6) is view
    moved = view.with_brokers([BrokerView(3, Address("h3", 1))])
    assert moved.with_leader("t", 0, 3, 6).leader_of("t", 0) == 3
    assert view.with_leader("t", 0, 3, 6).leader_of("t", 0) == -1, "that broker is not known"
