"""Fetching for a member of a share group: from the leaders of what it is assigned, while it polls.

Invariants: a poll starts at most one fetch per broker, and goes on asking only while it waits and
has nothing; with a record limit one broker is asked at a time. Errors of one partition do not stop
the others; those that only the user can mend are raised at the next poll.
Neighbours: `share_broker` asks; `in_hand` gets what arrives; `share_membership` says what to read.
Source: KIP-932, KIP-1206.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Final

from logcore.client.addresses import Address
from logcore.client.cluster import Cluster
from logcore.client.cluster_view import NO_LEADER, BrokerView
from logcore.client.positions import TopicPartition
from logcore.common.clock import SystemClock
from logcore.common.errors import (
    CorruptMessageError,
    LogcoreError,
    ShareSessionLimitReachedError,
    UnknownServerError,
    error_for_code,
)
from logcore.consumer.acknowledgements import Acknowledgement, Acquisition
from logcore.consumer.acquired_records import Acquired, AcquiredRecords
from logcore.consumer.in_hand import InHand
from logcore.consumer.share_broker import ShareBroker
from logcore.consumer.share_config import ShareConsumerSettings
from logcore.consumer.share_metrics import ShareMeter
from logcore.consumer.share_requests import Member, Wish
from logcore.consumer.share_session import Places, SharePartition, ShareSession
from logcore.protocol.messages import share_acknowledge as acks
from logcore.protocol.messages import share_fetch as fetches
from logcore.protocol.messages.share_group_heartbeat import TopicPartitions

logger = logging.getLogger(__name__)

GRACE_MS: Final = 100
"""So late may a fetch begin after a poll that did not wait for it."""
_WORTH_A_WORD: Final = (UnknownServerError, ShareSessionLimitReachedError)
MANY: Final = 32
"""Failures after which a backoff has reached its longest: what does not pass by itself waits so."""


class ShareFetcher:
    """Fetches what a member of a share group is assigned.

    Args:
        cluster: The cluster.
        settings: The consumer's settings.
        member: Who fetches.
        hand: Where records go.
        arrived: Called when there is something to hand out, or an error to raise.
        on_done: Called with each acknowledgement that is completed.

    Attributes:
        errors: What the next poll raises, the first one first.
        lock_ms: How long a lock lasts, as a broker said last; None before.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: ShareConsumerSettings,
        member: Member,
        hand: InHand,
        arrived: Callable[[], object],
        on_done: Callable[[Acknowledgement], object],
    ) -> None:
        self._cluster = cluster
        self._loop = cluster.loop
        self._settings = settings
        self._member = member
        self._hand = hand
        self._arrived = arrived
        self._on_done = on_done
        self._now_ms = SystemClock().monotonic_ms
        self._check_crcs = settings.flag("check.crcs")
        self._is_record_limit = settings.is_record_limit
        self._meter = ShareMeter(cluster.metrics)
        self._brokers: dict[int, ShareBroker] = {}
        self._topics: frozenset[str] = frozenset()
        self._assignment: tuple[SharePartition, ...] = ()
        self._not_before: dict[SharePartition, float] = {}
        self._failures: dict[SharePartition, int] = {}
        self._poll = 0
        self._asked: dict[int, int] = {}
        self._turns: dict[int, int] = {}
        self._fetching: int | None = None
        self._max_records = 0
        self._until_ms = 0
        self._is_waiting = False
        self.errors: list[Exception] = []
        self.lock_ms: int | None = None
        cluster.watch(lambda _: self.wake())

    # ------------------------------------------------------------ what is wanted

    def subscribe(self, topics: frozenset[str]) -> None:
        """Fetch of certain topics only, whatever else is still assigned."""
        self._topics = topics

    def assign(self, partitions: list[TopicPartitions]) -> None:
        """Fetch these partitions from now on."""
        self._assignment = tuple(
            SharePartition(each.topic_id, number)
            for each in partitions
            for number in each.partitions
        )
        self.wake()

    def ask(self, max_records: int, until_ms: int) -> None:
        """Have records fetched, since somebody waits for them until a time."""
        self._poll += 1
        self._max_records = max_records
        self._until_ms = until_ms
        self._is_waiting = True
        self.wake()

    def stop_asking(self) -> None:
        """Fetch nothing more: nobody waits."""
        self._is_waiting = False

    def wake(self) -> None:
        """Have every broker looked at that leads something; on the loop's thread."""
        for node_id in self._leaders():
            self._broker(node_id).wake()

    def _broker(self, node_id: int) -> ShareBroker:
        found = self._brokers.get(node_id)
        if found is None:
            found = self._brokers[node_id] = ShareBroker(
                self._cluster, node_id, self._member, self, self._completed, self._meter
            )
        return found

    def _named(self) -> Iterator[tuple[SharePartition, TopicPartition, int]]:
        """Yield what can be fetched now: partitions, their names and their leaders."""
        view, now = self._cluster.view, self._loop.time()
        names = {topic.topic_id: name for name, topic in view.topics.items()}
        for partition in self._assignment:
            name = names.get(partition.topic_id)
            is_left = name is not None and name not in self._topics
            if is_left or self._not_before.get(partition, 0.0) > now:
                continue
            place = TopicPartition(name or "", partition.partition)
            leader = view.leader_of(*place)
            if leader != NO_LEADER:
                yield partition, place, leader
            else:  # the topic is new, or nobody leads the partition now
                self._postpone(partition)
                self._cluster.request_refresh()

    def _leaders(self) -> set[int]:
        return {leader for _, _, leader in self._named()}

    def places(self, node_id: int) -> Places:
        """Return the partitions to fetch from a broker."""
        return {each: place for each, place, leader in self._named() if leader == node_id}

    # ------------------------------------------------------------ turns

    def wish(self, node_id: int) -> Wish | None:
        """Return what to ask a broker for now; None if nobody waits for its records."""
        if self._hand.is_ready or self._hand.is_renewing or not self._has_turn(node_id):
            return None
        left_ms = self._until_ms - self._now_ms()
        is_first = self._asked.get(node_id) != self._poll and left_ms > -GRACE_MS
        if not is_first and not (self._is_waiting and left_ms > 0):
            return None
        integer = self._settings.integer
        return Wish(
            max_records=self._max_records,
            batch_size=integer("max.poll.records"),
            is_record_limit=self._is_record_limit,
            max_wait_ms=max(min(integer("fetch.max.wait.ms"), left_ms), 0),
            min_bytes=integer("fetch.min.bytes"),
            max_bytes=integer("fetch.max.bytes"),
        )

    def _has_turn(self, node_id: int) -> bool:
        """Whether a broker may be asked now; with a record limit they take turns."""
        if not self._is_record_limit:
            return True
        if self._fetching is not None:
            return False
        others = (each for each in self._leaders() if not self._broker(each).is_waiting)
        turns = self._turns
        return all(turns.get(node_id, 0) <= turns.get(each, 0) for each in others)

    def begins(self, node_id: int) -> None:
        """Take note that a broker is being asked."""
        self._fetching = node_id
        self._asked[node_id] = self._poll
        self._turns[node_id] = self._turns.get(node_id, 0) + 1

    def _ended(self) -> None:
        """Take note that a broker is not being asked any more."""
        self._fetching = None
        if self._is_record_limit:
            self._loop.call_soon(self.wake)

    # ------------------------------------------------------------ answers

    def take(self, session: ShareSession, response: fetches.ShareFetchResponse) -> None:
        """Take what a broker sent."""
        self._ended()
        self._learn_more(response)
        for topic in response.responses:
            for data in topic.partitions:
                partition = SharePartition(topic.topic_id, data.partition_index)
                place = session.places.get(partition)
                if place is None:
                    logger.warning("a broker sent of a partition that it was not asked for")
                elif data.error_code:
                    self._refused(partition, place, data)
                else:
                    self._failures.pop(partition, None)
                    if data.acquired_records:
                        self._store(session, partition, place, data)
        if self._hand.is_ready:
            self._arrived()

    def _store(
        self,
        session: ShareSession,
        partition: SharePartition,
        place: TopicPartition,
        data: fetches.PartitionData,
    ) -> None:
        """Keep what was acquired of a partition."""
        due_ms = -1 if self.lock_ms is None else self._now_ms() + self.lock_ms
        acquisition = Acquisition(place, partition.topic_id, session, due_ms)
        ranges = [
            Acquired(each.first_offset, each.last_offset, each.delivery_count)
            for each in data.acquired_records
        ]
        records = b"" if data.records is None else data.records
        try:
            found = AcquiredRecords(
                acquisition,
                records,  # type: ignore[arg-type]  # decoded: a memoryview
                ranges,
                check_crcs=self._check_crcs,
            )
        except CorruptMessageError as error:
            self._postpone(partition, is_grave=True)
            self._fail(error)
        else:
            self._hand.put(found)
            count = sum(each.last - each.first + 1 for each in ranges)
            self._meter.acquired(len(records), count)  # type: ignore[arg-type]  # as above

    def _refused(
        self, partition: SharePartition, place: TopicPartition, data: fetches.PartitionData
    ) -> None:
        """Act upon the error of a partition."""
        made = error_for_code(data.error_code)
        error = made(f"{place}: {data.error_message or made.kafka_name}")
        self._learn(place, data.current_leader)
        if isinstance(error, UnknownServerError):
            logger.warning("a broker failed over a fetch, which is asked for again: %s", error)
        elif not error.retriable:
            self._postpone(partition, is_grave=True)
            self._fail(error)
            return
        self._postpone(partition)
        if error.refresh_metadata:
            self._cluster.request_refresh()

    def answered(self, response: acks.ShareAcknowledgeResponse) -> None:
        """Learn from the answer to acknowledgements."""
        self._learn_more(response)
        names = {topic.topic_id: name for name, topic in self._cluster.view.topics.items()}
        for topic in response.responses:
            name = names.get(topic.topic_id)
            for data in topic.partitions:
                if name is not None and data.error_code:
                    self._learn(TopicPartition(name, data.partition_index), data.current_leader)

    def failed(self, node_id: int, error: LogcoreError) -> None:
        """Take note that a request failed as a whole."""
        self._ended()
        if self._cluster.is_closed:
            return
        if isinstance(error, _WORTH_A_WORD):
            logger.warning("broker %d is asked again: %s", node_id, error)
        elif not getattr(error, "retriable", False):
            self._fail(error)
        self._cluster.request_refresh()

    def _fail(self, error: Exception) -> None:
        """Have an error raised at the next poll; one of a kind at a time, others come again."""
        if not any(type(each) is type(error) for each in self.errors):
            self.errors.append(error)
        self._arrived()

    def _postpone(self, partition: SharePartition, *, is_grave: bool = False) -> None:
        """Leave a partition in peace, for longer each time it fails, or for long at once."""
        failures = MANY if is_grave else self._failures.get(partition, 0)
        self._failures[partition] = failures + 1
        wait_s = self._cluster.backoff.wait_ms(failures) / 1000
        self._not_before[partition] = self._loop.time() + wait_s
        self._loop.call_later(wait_s + 0.001, self.wake)

    def _learn_more(
        self, response: fetches.ShareFetchResponse | acks.ShareAcknowledgeResponse
    ) -> None:
        """Learn how long locks last, and where brokers are that an answer names (KIP-951)."""
        if response.acquisition_lock_timeout_ms > 0:
            self.lock_ms = response.acquisition_lock_timeout_ms
        if response.node_endpoints:
            brokers = (
                BrokerView(each.node_id, Address(each.host, each.port), each.rack)
                for each in response.node_endpoints
            )
            self._cluster.learn(self._cluster.view.with_brokers(brokers))

    def _learn(
        self, place: TopicPartition, leader: fetches.LeaderIdAndEpoch | acks.LeaderIdAndEpoch
    ) -> None:
        """Learn who leads a partition."""
        if leader.leader_id >= 0:
            view = self._cluster.view
            self._cluster.learn(view.with_leader(*place, leader.leader_id, leader.leader_epoch))

    # ------------------------------------------------------------ acknowledging

    def flush(self) -> None:
        """Acknowledge what waits, soon."""
        for broker in self._brokers.values():
            broker.flush()

    def _completed(self, acknowledgement: Acknowledgement) -> None:
        count, is_error = len(acknowledgement.types), acknowledgement.error is not None
        if count:
            self._meter.acknowledged(count, is_error=is_error)
        self._on_done(acknowledgement)

    def outstanding(self) -> list[Acknowledgement]:
        """Return the acknowledgements that are not completed."""
        return [one for broker in self._brokers.values() for one in broker.session.outstanding()]

    async def close(self) -> None:
        """End all sessions: what is held goes back, what was acknowledged is kept."""
        self.stop_asking()
        await asyncio.gather(*(broker.end() for broker in self._brokers.values()))

    def abandon(self) -> None:
        """Take note that nothing more is sent: what was not acknowledged is not any more."""
        for broker in self._brokers.values():
            broker.abandon()
