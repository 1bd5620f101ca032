"""Batches in a Produce request, and what its answer says of each.

Invariant: in a version with topic ids every topic has one; otherwise an older version is used.
Neighbours: `sender` sends what is made here.
"""

from dataclasses import dataclass

from logcore.client.addresses import Address
from logcore.client.api_ranges import ApiRanges
from logcore.client.cluster_view import BrokerView, ClusterView
from logcore.common.errors import KafkaError, error_for_code
from logcore.common.uuids import ZERO_UUID
from logcore.producer.partition_queue import Sending
from logcore.protocol.messages.produce import (
    PartitionProduceData,
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
)

NAMES_UNTIL = 12


def produce_request(  # noqa: PLR0913 - a request has that many fields
    view: ClusterView,
    ranges: ApiRanges,
    batches: list[Sending],
    *,
    acks: int,
    timeout_ms: int,
    transactional_id: str | None,
    at_most: int | None,
) -> tuple[ProduceRequest, int]:
    """Make a request.

    Args:
        view: What is known of topics.
        ranges: What the broker understands.
        batches: At most one batch per partition, sealed.
        acks: How many replicas must have them.
        timeout_ms: How long they may take for that.
        transactional_id: The id of transactions, if they are part of one.
        at_most: The highest version that may be used.

    Returns:
        The request, and the version to write it in.

    Raises:
        UnsupportedVersionError: If there is no version in common.
    """
    topics: dict[str, TopicProduceData] = {}
    for sending in batches:
        name = sending.batch.topic
        topic = topics.get(name)
        if topic is None:
            topic = topics[name] = TopicProduceData(name=name, topic_id=view.topic_id_of(name))
        data = PartitionProduceData(
            index=sending.batch.partition, records=memoryview(sending.batch)
        )
        topic.partition_data.append(data)
    if any(topic.topic_id == ZERO_UUID for topic in topics.values()):
        at_most = NAMES_UNTIL if at_most is None else min(at_most, NAMES_UNTIL)
    request = ProduceRequest(
        transactional_id=transactional_id,
        acks=acks,
        timeout_ms=timeout_ms,
        topic_data=list(topics.values()),
    )
    return request, ranges.choose(ProduceRequest, at_most)


@dataclass(slots=True)
class Answer:
    """What a broker said of one batch."""

    error_code: int
    base_offset: int
    append_time_ms: int
    message: str

    def error(self, topic: str, partition: int) -> KafkaError:
        """Return the error it is; it must be one."""
        made = error_for_code(self.error_code)
        said = f": {self.message}" if self.message else ""
        return made(f"{topic}-{partition}: the broker says {made.kafka_name}{said}")


class Answers:
    """What a broker said of the batches of a request.

    Attributes:
        view: The view after it; answers tell of new leaders (KIP-951).
    """

    def __init__(self, view: ClusterView) -> None:
        self.view = view
        self._by_name: dict[tuple[str, int], Answer] = {}

    def get(self, sending: Sending) -> Answer | None:
        """Return what was said of a batch, None for nothing."""
        return self._by_name.get((sending.batch.topic, sending.batch.partition))

    def add(self, topic: str, response: PartitionProduceResponse) -> None:
        """Take one partition's answer."""
        messages = [response.error_message] if response.error_message else []
        messages += [
            f"record {each.batch_index}: {each.batch_index_error_message}"
            for each in response.record_errors
            if each.batch_index_error_message
        ]
        self._by_name[topic, response.index] = Answer(
            response.error_code,
            response.base_offset,
            response.log_append_time_ms,
            "; ".join(messages),
        )
        leader = response.current_leader
        if leader.leader_id >= 0:
            self.view = self.view.with_leader(
                topic, response.index, leader.leader_id, leader.leader_epoch
            )


def answers_of(view: ClusterView, request: ProduceRequest, response: ProduceResponse) -> Answers:
    """Read the answer to a request."""
    if response.node_endpoints:
        view = view.with_brokers(
            BrokerView(each.node_id, Address(each.host, each.port), each.rack)
            for each in response.node_endpoints
        )
    answers = Answers(view)
    names = {each.topic_id: each.name for each in request.topic_data}
    for topic in response.responses:
        name = topic.name or names.get(topic.topic_id, "")
        for partition in topic.partition_responses:
            answers.add(name, partition)
    return answers
