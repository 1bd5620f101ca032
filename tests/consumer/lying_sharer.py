"""Brokers of one topic and one share group, whose answers to fetches and acknowledgements lie.

Invariant: without a lie they behave: each fetch that begins with nothing in hand acquires the batch
that is there, and acknowledgements are taken.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from logcore.consumer.async_share_consumer import AsyncShareConsumer
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages import share_acknowledge as acks
from logcore.protocol.messages import share_fetch as fetches
from logcore.protocol.messages.find_coordinator import Coordinator, FindCoordinatorResponse
from logcore.protocol.messages.metadata import (
    MetadataResponse,
    MetadataResponseBroker,
    MetadataResponsePartition,
    MetadataResponseTopic,
)
from logcore.protocol.messages.share_group_heartbeat import (
    Assignment,
    ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse,
    TopicPartitions,
)
from tests.client.lying_broker import Answer, Asked, greeting, lying_broker
from tests.consumer.acquiring import batches

ID = bytes(range(16))
TOPIC = "topic"
Lie = Callable[["Sharer", Asked, Any], Awaitable[Answer]]


class Sharer:
    """A broker that shares one topic of two partitions; it leads the first."""

    def __init__(
        self, fetched: Lie | None = None, acknowledged: Lie | None = None, node_id: int = 1
    ) -> None:
        self._fetched = fetched
        self._acknowledged = acknowledged
        self.node_id = node_id
        self.port = 0
        self.others: list[Sharer] = []
        self.leader = node_id
        self.newest = 2
        self.fetches: list[fetches.ShareFetchRequest] = []
        self.acknowledgements: list[acks.ShareAcknowledgeRequest] = []
        self.leaves = 0
        self.beats = 0
        self.metadata_count = 0
        self.places = [TopicPartitions(topic_id=ID, partitions=[0])]
        self.heartbeat: dict[str, Any] = {"member_epoch": 1, "heartbeat_interval_ms": 10_000}

    async def behave(self, asked: Asked) -> Answer:
        if asked.api is ApiKey.SHARE_FETCH:
            return await self.fetch(asked)
        if asked.api is ApiKey.SHARE_ACKNOWLEDGE:
            return await self.acknowledge(asked)
        return asked.answer(self._answer(asked))

    def _answer(self, asked: Asked) -> Any:
        if asked.api is ApiKey.API_VERSIONS:
            modes = (1, self.newest)
            return greeting(
                SHARE_GROUP_HEARTBEAT=(1, 1), FIND_COORDINATOR=(0, 6), SHARE_FETCH=modes,
                SHARE_ACKNOWLEDGE=modes,
            )  # fmt: skip
        if asked.api is ApiKey.METADATA:
            self.metadata_count += 1
            return self.metadata()
        if asked.api is ApiKey.FIND_COORDINATOR:
            found = Coordinator(key="g", node_id=self.node_id, host="127.0.0.1", port=self.port)
            return FindCoordinatorResponse(coordinators=[found])
        request = ShareGroupHeartbeatRequest.decode(asked.frame, asked.version, asked.position)
        self.leaves += request.member_epoch == -1
        self.beats += 1
        assignment = Assignment(topic_partitions=self.places)
        told = {"member_id": request.member_id, "assignment": assignment, **self.heartbeat}
        return ShareGroupHeartbeatResponse(**told)

    def metadata(self) -> MetadataResponse:
        parts = [
            MetadataResponsePartition(partition_index=at, leader_id=self.leader, leader_epoch=1)
            for at in range(2)
        ]
        return MetadataResponse(
            brokers=[
                MetadataResponseBroker(node_id=each.node_id, host="127.0.0.1", port=each.port)
                for each in (self, *self.others)
            ],
            topics=[MetadataResponseTopic(name=TOPIC, topic_id=ID, partitions=parts)],
        )

    # ------------------------------------------------------------ fetches

    async def fetch(self, asked: Asked) -> Answer:
        request = fetches.ShareFetchRequest.decode(asked.frame, asked.version, asked.position)
        self.fetches.append(request)
        if self._fetched is not None:
            lie = await self._fetched(self, asked, request)
            if lie != b"honest":
                return lie
        return asked.answer(self.records())

    def records(self, first: int | None = None, **fields: Any) -> fetches.ShareFetchResponse:
        """Return an answer with three records, from an offset on that grows with each fetch."""
        first = 3 * (len(self.fetches) - 1) if first is None else first
        whole = {
            name: fields.pop(name)
            for name in ("error_code", "node_endpoints", "acquisition_lock_timeout_ms", "topic_id")
            if name in fields
        }
        told: dict[str, Any] = {
            "records": batches(3, base=first),
            "acquired_records": [
                fetches.AcquiredRecords(first_offset=first, last_offset=first + 2, delivery_count=1)
            ],
        } | fields
        topic = fetches.ShareFetchableTopicResponse(
            topic_id=whole.pop("topic_id", ID), partitions=[fetches.PartitionData(**told)]
        )
        told = {"acquisition_lock_timeout_ms": 30_000} | whole
        return fetches.ShareFetchResponse(responses=[topic], **told)

    # ------------------------------------------------------------ acknowledgements

    async def acknowledge(self, asked: Asked) -> Answer:
        request = acks.ShareAcknowledgeRequest.decode(asked.frame, asked.version, asked.position)
        self.acknowledgements.append(request)
        if self._acknowledged is not None:
            lie = await self._acknowledged(self, asked, request)
            if lie != b"honest":
                return lie
        return asked.answer(self.taken(request))

    def taken(self, request: acks.ShareAcknowledgeRequest, **fields: Any) -> Any:
        """Return an answer that takes what was acknowledged, but for what fields say."""
        return acks.ShareAcknowledgeResponse(
            responses=[
                acks.ShareAcknowledgeTopicResponse(
                    topic_id=topic.topic_id,
                    partitions=[
                        acks.PartitionData(partition_index=each.partition_index, **fields)
                        for each in topic.partitions
                    ],
                )
                for topic in request.topics
            ]
        )

    def said(self) -> list[tuple[int, list[tuple[int, int, list[int]]]]]:
        """Return what was acknowledged: epochs, and ranges with their types."""
        return [
            (
                request.share_session_epoch,
                [
                    (one.first_offset, one.last_offset, one.acknowledge_types)
                    for topic in request.topics
                    for each in topic.partitions
                    for one in each.acknowledgement_batches
                ],
            )
            for request in self.acknowledgements
        ]


@asynccontextmanager
async def sharing_by(sharer: Sharer, **settings: Any) -> AsyncIterator[AsyncShareConsumer]:
    """Serve, and yield a consumer; it is closed, and forgets what it holds, at the end."""
    told = {
        "group_id": "g", "share_acknowledgement_mode": "explicit", "fetch_max_wait_ms": 50,
        "retry_backoff_ms": 5, "retry_backoff_max_ms": 20, "reconnect_backoff_ms": 5, **settings,
    }  # fmt: skip
    async with lying_broker(sharer.behave) as sharer.port:
        consumer = AsyncShareConsumer(TOPIC, bootstrap_servers=f"127.0.0.1:{sharer.port}", **told)
        try:
            yield consumer
        finally:
            await consumer.close(2)
