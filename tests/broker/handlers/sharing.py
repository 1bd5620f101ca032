"""A member of a share group as tests of handlers play it: fetches, acknowledges, ends."""

import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from logcore.protocol.messages import share_acknowledge as acks
from logcore.protocol.messages import share_fetch as fetches
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from logcore.protocol.messages.initialize_share_group_state import (
    InitializeShareGroupStateRequest,
    InitializeStateData,
    PartitionData,
)
from tests.broker.running import NAMES, Running
from tests.broker.wire import Wire

Range = tuple[int, int, list[int]]
"""First offset, last offset, types."""
GROUP_RESOURCE = 32


def topic_id_of(broker: Running, topic: str) -> bytes:
    image = broker.call(lambda: broker.broker.parts.controller.image)
    found: bytes = image.topics_by_name[topic].topic_id
    return found


def share_group(
    broker: Running, topic: str, *, partitions: int = 1, start: int = -1, **configs: str
) -> str:
    """Begin a group on a topic, as its coordinator would, and set its settings."""
    group = f"share-{next(NAMES)}"
    wire = broker.wire()
    configs = {"share_auto_offset_reset": "earliest"} | configs
    changes = [
        AlterableConfig(name=name.replace("_", "."), config_operation=0, value=value)
        for name, value in configs.items()
    ]
    resource = AlterConfigsResource(
        resource_type=GROUP_RESOURCE, resource_name=group, configs=changes
    )
    altered = wire.ask(IncrementalAlterConfigsRequest(resources=[resource]), 1)
    assert altered.responses[0].error_code == 0, altered
    topic_id = topic_id_of(broker, topic)
    begin_state(wire, group, topic_id, partitions, start)
    return group


def begin_state(wire: Wire, group: str, topic_id: bytes, partitions: int, start: int) -> None:
    asked = [
        PartitionData(partition=index, state_epoch=0, start_offset=start)
        for index in range(partitions)
    ]
    names = [f"{group}:{_base64(topic_id)}:{index}" for index in range(partitions)]
    for _ in range(100):
        found = wire.ask(FindCoordinatorRequest(key_type=2, coordinator_keys=names), 6)
        if not any(each.error_code for each in found.coordinators):
            break
        time.sleep(0.05)
    request = InitializeShareGroupStateRequest(
        group_id=group, topics=[InitializeStateData(topic_id=topic_id, partitions=asked)]
    )
    for _ in range(100):
        done = wire.ask(request, 0).results[0].partitions
        if not any(each.error_code for each in done):
            return
        time.sleep(0.05)
    raise AssertionError("the state of the group cannot be begun")


def _base64(uuid: bytes) -> str:
    return base64.urlsafe_b64encode(uuid).decode().rstrip("=")


@dataclass
class Sharer:
    """One member with a session of its own."""

    wire: Wire
    group: str
    topic_id: bytes
    member: str = "member"
    partitions: Sequence[int] = (0,)
    version: int = 2
    epoch: int = 0
    options: dict[str, Any] = field(default_factory=dict)

    def request(
        self, ranges: dict[int, list[Range]] | None = None, **options: Any
    ) -> fetches.ShareFetchRequest:
        """Make a fetch, with acknowledgements by partition."""
        ranges = ranges or {}
        named = self.partitions if self.epoch == 0 else list(ranges)
        topics = [
            fetches.FetchTopic(
                topic_id=self.topic_id,
                partitions=[
                    fetches.FetchPartition(
                        partition_index=index,
                        acknowledgement_batches=[
                            fetches.AcknowledgementBatch(
                                first_offset=first, last_offset=last, acknowledge_types=types
                            )
                            for first, last, types in ranges.get(index, [])
                        ],
                    )
                    for index in named
                ],
            )
        ]
        told = {
            "max_wait_ms": 0,
            "min_bytes": 1,
            "max_bytes": 1 << 20,
            "max_records": 500,
            "batch_size": 500,
        }
        return fetches.ShareFetchRequest(
            group_id=self.group,
            member_id=self.member,
            share_session_epoch=self.epoch,
            topics=topics if named else [],
            **(told | self.options | options),
        )

    def send(self, ranges: dict[int, list[Range]] | None = None, **options: Any) -> None:
        """Send a fetch and do not wait."""
        self.wire.send(self.request(ranges, **options), self.version)
        self.epoch += 1

    def fetch(self, ranges: dict[int, list[Range]] | None = None, **options: Any) -> Any:
        """Fetch, and return the whole answer."""
        answer = self.wire.ask(self.request(ranges, **options), self.version)
        if answer.error_code == 0:
            self.epoch += 1
        return answer

    def acquire(self, ranges: dict[int, list[Range]] | None = None, **options: Any) -> list[Any]:
        """Fetch, and return what was acquired: first, last, deliveries, of all partitions."""
        answer = self.fetch(ranges, **options)
        assert answer.error_code == 0, answer
        return acquired(answer)

    def acknowledge_request(
        self, *ranges: Range, partition: int = 0, epoch: int | None = None, renew: bool = False
    ) -> acks.ShareAcknowledgeRequest:
        batches = [
            acks.AcknowledgementBatch(first_offset=first, last_offset=last, acknowledge_types=types)
            for first, last, types in ranges
        ]
        asked = acks.AcknowledgePartition(
            partition_index=partition, acknowledgement_batches=batches
        )
        topic = acks.AcknowledgeTopic(topic_id=self.topic_id, partitions=[asked])
        return acks.ShareAcknowledgeRequest(
            group_id=self.group,
            member_id=self.member,
            share_session_epoch=self.epoch if epoch is None else epoch,
            is_renew_ack=renew,
            topics=[topic] if ranges else [],
        )

    def acknowledge(self, *ranges: Range, **options: Any) -> int:
        """Acknowledge records of one partition; return its error code."""
        answer = self.wire.ask(self.acknowledge_request(*ranges, **options), self.version)
        assert answer.error_code == 0, answer
        self.epoch += 1
        code: int = answer.responses[0].partitions[0].error_code
        return code

    def close(self) -> Any:
        """End the session."""
        return self.wire.ask(self.acknowledge_request(epoch=-1), self.version)


def acquired(answer: Any) -> list[Any]:
    return [
        (each.first_offset, each.last_offset, each.delivery_count)
        for topic in answer.responses
        for partition in topic.partitions
        for each in partition.acquired_records
    ]
