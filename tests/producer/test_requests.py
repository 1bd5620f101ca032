"""Produce requests, and what their answers say of each batch."""

import pytest

from logcore.client.addresses import Address
from logcore.client.api_ranges import ApiRanges
from logcore.client.cluster_view import BrokerView, ClusterView, PartitionView, TopicView
from logcore.common.errors import (
    NotLeaderOrFollowerError,
    UnsupportedVersionError,
)
from logcore.common.uuids import ZERO_UUID
from logcore.producer.delivery import BatchResult
from logcore.producer.partition_queue import Sending
from logcore.producer.requests import answers_of, produce_request
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.produce import (
    BatchIndexAndErrorMessage,
    LeaderIdAndEpoch,
    NodeEndpoint,
    PartitionProduceResponse,
    ProduceResponse,
    TopicProduceResponse,
)
from tests.record.accumulating import accumulator

ID = bytes(range(16))
RANGES = ApiRanges({ApiKey.PRODUCE: (3, 13)})


def view(topic_id: bytes = ID) -> ClusterView:
    partitions = {number: PartitionView(1, 5) for number in range(3)}
    brokers = {1: BrokerView(1, Address("one", 9092))}
    return ClusterView(brokers, {"topic": TopicView("topic", topic_id, partitions)})


def sealed(partition: int) -> Sending:
    made = accumulator(3)
    made.append("topic", b"%d" % partition, None, partition)
    batch = made.take("topic", partition)
    assert batch is not None
    batch.seal(-1, -1, -1, False)
    return Sending(batch, BatchResult(), 0)


def request_of(*batches: Sending, of: ClusterView | None = None, at_most: int | None = None):
    return produce_request(
        of or view(), RANGES, list(batches),
        acks=-1, timeout_ms=30_000, transactional_id="t", at_most=at_most,
    )  # fmt: skip


def test_batches_of_a_topic_stand_together_with_their_bytes():
    batches = [sealed(2), sealed(0)]
    request, version = request_of(*batches)
    assert (version, request.acks, request.timeout_ms) == (13, -1, 30_000)
    assert request.transactional_id == "t"
    (topic,) = request.topic_data
    assert (topic.name, topic.topic_id) == ("topic", ID)
    assert [each.index for each in topic.partition_data] == [2, 0]
    for data, sending in zip(topic.partition_data, batches, strict=True):
        assert bytes(data.records) == bytes(memoryview(sending.batch))
    joined = b"".join(map(bytes, request.encode(version)))
    assert bytes(memoryview(batches[0].batch)) in joined


def test_topics_without_an_id_are_called_by_name():
    assert request_of(sealed(0), of=view(ZERO_UUID))[1] == 12
    assert request_of(sealed(0), of=view(ZERO_UUID), at_most=11)[1] == 11
    assert request_of(sealed(0), at_most=11)[1] == 11


def test_no_version_in_common_is_told():
    ranges = ApiRanges({ApiKey.PRODUCE: (0, 2)})
    with pytest.raises(UnsupportedVersionError):
        produce_request(
            view(), ranges, [], acks=1, timeout_ms=1, transactional_id=None, at_most=None
        )


@pytest.mark.parametrize("named", [True, False])
def test_answers_are_found_by_name_or_by_id(named):
    sending = sealed(1)
    request, _ = request_of(sending)
    who = {"name": "topic"} if named else {"topic_id": ID}
    answer = PartitionProduceResponse(index=1, base_offset=77, log_append_time_ms=5)
    response = ProduceResponse(
        responses=[TopicProduceResponse(**who, partition_responses=[answer])]
    )
    answers = answers_of(view(), request, response)
    found = answers.get(sending)
    assert found is not None
    assert (found.error_code, found.base_offset, found.append_time_ms) == (0, 77, 5)
    assert answers.get(sealed(2)) is None
    assert answers.view == view()


def test_an_error_says_all_that_the_broker_says():
    sending = sealed(1)
    request, _ = request_of(sending)
    answer = PartitionProduceResponse(
        index=1,
        error_code=6,
        error_message="moved away",
        record_errors=[
            BatchIndexAndErrorMessage(batch_index=3, batch_index_error_message="too old"),
            BatchIndexAndErrorMessage(batch_index=4),
        ],
        current_leader=LeaderIdAndEpoch(leader_id=2, leader_epoch=6),
    )
    response = ProduceResponse(
        responses=[TopicProduceResponse(name="topic", partition_responses=[answer])],
        node_endpoints=[NodeEndpoint(node_id=2, host="two", port=9093)],
    )
    answers = answers_of(view(), request, response)
    found = answers.get(sending)
    assert found is not None
    error = found.error("topic", 1)
    assert isinstance(error, NotLeaderOrFollowerError)
    assert str(error) == (
        "topic-1: the broker says NOT_LEADER_OR_FOLLOWER: moved away; record 3: too old"
    )
    assert answers.view.leader_of("topic", 1) == 2
    assert answers.view.brokers[2].address == Address("two", 9093)
    assert answers.view.leader_of("topic", 0) == 1
