"""What both share consumers have in common: a member of a share group, and what it holds.

Invariants: nothing is acquired while nobody waits for it; each acknowledgement's outcome is told
once, to who waits for it and to who wants to hear.
Neighbours: `async_share_consumer` and `share_consumer` are the two; `share_membership` and
`share_fetcher` speak to brokers; `in_hand` holds records.
Source: KIP-932, `KafkaShareConsumer` of Apache Kafka 4.3.1.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from logcore.client.cluster import Cluster
from logcore.client.metrics.registry import Metrics
from logcore.client.positions import TopicPartition
from logcore.common.clock import SystemClock
from logcore.common.errors import (
    ClientClosedError,
    ClientTimeoutError,
    IllegalStateError,
    LogcoreError,
)
from logcore.consumer.acknowledgements import Acknowledgement, Outcome
from logcore.consumer.deserializing import AnyDeserializer, Deserializing
from logcore.consumer.in_hand import InHand
from logcore.consumer.share_config import SHARE_CONSUMER_CONFIG, ShareConsumerSettings
from logcore.consumer.share_fetcher import ShareFetcher
from logcore.consumer.share_membership import ShareMembership
from logcore.consumer.share_requests import Member

Acknowledged: TypeAlias = dict[TopicPartition, LogcoreError | None]
"""What became of acknowledgements: by partition why they were not made, None if they were."""
FOREVER_MS: Final = 2**62
WAIT_SLICE_S: Final = 1.0


class ShareCore:
    """A member of a share group; made and used on its event loop, but for what says otherwise.

    Args:
        settings: Settings by name.
        key_deserializer: Makes something of the bytes of keys.
        value_deserializer: Makes something of the bytes of values.

    Attributes:
        settings: The settings.
        hand: What arrived and what was handed out; of the thread that polls.
        may_block: Whether a deserializer may wait for something.
        poll_records: How many records a poll returns at most, if it does not say.
        outcomes: What became of acknowledgements, to be told; empty unless somebody wants to hear.

    Raises:
        ConfigError: If a setting is unknown or refused.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        key_deserializer: AnyDeserializer | None,
        value_deserializer: AnyDeserializer | None,
    ) -> None:
        self.settings = ShareConsumerSettings(SHARE_CONSUMER_CONFIG, settings)
        self.settings.check()
        deserializing = Deserializing(key_deserializer, value_deserializer)
        timeout_ms = self.settings.integer("default.api.timeout.ms")
        self.may_block = deserializing.may_block
        self.poll_records = self.settings.integer("max.poll.records")
        self.outcomes: deque[Outcome] = deque()
        self.hand = InHand(
            is_explicit=self.settings.is_explicit,
            deserialize=deserializing if deserializing.is_needed else None,
            patience_ms=timeout_ms,
        )
        self._timeout_s = timeout_ms / 1000
        self._now_ms = SystemClock().monotonic_ms
        self._cluster = Cluster(
            self.settings, creates_topics=self.settings.flag("allow.auto.create.topics")
        )
        self._arrivals = asyncio.Event()
        self._completions = asyncio.Event()
        self._membership = ShareMembership(self._cluster, self.settings, self._arrivals.set)
        self._fetcher = ShareFetcher(
            self._cluster,
            self.settings,
            Member(self.settings.group_id, self._membership.member_id),
            self.hand,
            self._arrivals.set,
            self._completed,
        )
        self._membership.on_assigned = self._fetcher.assign
        self._cluster.labels = self._labels
        self._topics: frozenset[str] = frozenset()
        self._notes_outcomes = False
        self.is_closing = False
        self._closing: asyncio.Task[None] | None = None

    def _labels(self) -> dict[str, str]:
        """Return what tells the consumer from others, for metrics that are pushed."""
        told = {
            "client_rack": self.settings.text("client.rack"),
            "group_id": self.settings.group_id,
            "group_member_id": self._membership.member_id,
        }
        return {name: value for name, value in told.items() if value}

    def check(self) -> None:
        """Refuse use after the end, and from elsewhere.

        Raises:
            ClientClosedError, WrongThreadError, ForkedClientError: If it is.
        """
        if self.is_closing:
            raise ClientClosedError("the consumer is closed")
        self._cluster.check_loop()

    # ------------------------------------------------------------ what to read

    def subscribe(self, topics: Iterable[str] | str) -> None:
        """Read topics together with the other members of the group; it replaces what was before.

        What was not handed out of other topics goes back.

        Args:
            topics: Their names.

        Raises:
            ValueError: If there are none, or one is empty: `unsubscribe` reads nothing.
        """
        self.check()
        names = frozenset((topics,) if isinstance(topics, str) else topics)
        if not names or not all(names):
            raise ValueError("name the topics to subscribe to; unsubscribe() reads nothing")
        self._fetcher.subscribe(names)
        self.hand.release(names)
        self._cluster.untrack(self._topics - names)
        self._topics = names
        self._cluster.track(names)
        self._membership.subscribe(names)

    def subscription(self) -> frozenset[str]:
        """Return the topics that are subscribed to."""
        return self._topics

    async def unsubscribe(self) -> None:
        """Read nothing any more, and leave the group.

        What was not handed out goes back; what was handed out may still be acknowledged.
        """
        self.check()
        self._topics = frozenset()
        self._fetcher.subscribe(self._topics)
        self.hand.release()
        self._fetcher.flush()
        await self._membership.leave()

    # ------------------------------------------------------------ records

    def count_of(self, max_records: int | None) -> int:
        """Return how many records a poll returns at most.

        Raises:
            ValueError: If it could not return one.
        """
        if max_records is None:
            return self.poll_records
        if max_records < 1:
            raise ValueError(f"a poll returns at least one record, not {max_records}")
        return max_records

    def until_ms(self, timeout: float | None) -> int:
        """Return when a wait is over, by the monotonic clock; from any thread."""
        return FOREVER_MS if timeout is None else self._now_ms() + round(timeout * 1000)

    def begin(self) -> None:
        """Begin a poll: what was handed out is done with; by the thread that polls.

        Raises:
            IllegalStateError: If nothing is subscribed to; or in explicit mode, if nothing was
                said of a record that was handed out.
        """
        if not self._topics:
            raise IllegalStateError("nothing is subscribed to: subscribe() comes first")
        self.hand.settle()
        self._membership.polled_ms = self._now_ms()

    async def ready(self, until_ms: int, count: int) -> bool:
        """Wait until there is something to hand out; whether there is, in time.

        Args:
            until_ms: Until when, by the monotonic clock.
            count: How many records to fetch at most.

        Raises:
            KafkaError: What the group or a broker refuses for good.
            ClientClosedError: After the end.
        """
        self.check()
        if self.hand.is_renewing:
            self._fetcher.flush()
        self._fetcher.ask(count, until_ms)
        await asyncio.sleep(0)  # who polls without waiting lets others work, too
        try:
            while True:
                self.check()
                self._membership.polled()
                self._raise_errors()
                if self.hand.is_ready:
                    return True
                left_ms = until_ms - self._now_ms()
                if left_ms <= 0:
                    return False
                self._arrivals.clear()
                await _wait(self._arrivals, min(left_ms / 1000, WAIT_SLICE_S))
        finally:
            self._fetcher.stop_asking()

    def _raise_errors(self) -> None:
        error, self._membership.error = self._membership.error, None
        if error is not None:
            raise error
        if self._fetcher.errors:
            raise self._fetcher.errors.pop(0)

    # ------------------------------------------------------------ acknowledgements

    def flush(self) -> None:
        """Have sent what was acknowledged."""
        self._fetcher.flush()

    async def acknowledged(
        self,
        made: list[Acknowledgement],
        timeout: float | None,  # noqa: ASYNC109 - told, not cancelled
    ) -> Acknowledged:
        """Wait for acknowledgements, and for those that were under way before.

        Args:
            made: What the hand made.
            timeout: Seconds to wait at most; ``default.api.timeout.ms`` if None.
        """
        self.check()
        timeout_s = self._timeout_s if timeout is None else timeout
        until = self._cluster.loop.time() + timeout_s
        waited = dict.fromkeys([*self._fetcher.outstanding(), *made])
        self._fetcher.flush()
        while not all(each.is_done for each in waited):
            left_s = until - self._cluster.loop.time()
            if left_s <= 0:
                break
            self._completions.clear()
            await _wait(self._completions, left_s)
        late = ClientTimeoutError(f"nobody said in {timeout_s:g} s whether it is acknowledged")
        results: Acknowledged = {}
        for each in waited:
            if each.types:
                place = each.acquisition.place
                results[place] = results.get(place) or (each.error if each.is_done else late)
        return results

    def note_outcomes(self, *, wanted: bool) -> None:
        """Keep what becomes of acknowledgements to be told, or do not."""
        self._notes_outcomes = wanted
        if not wanted:
            self.outcomes.clear()

    def _completed(self, acknowledgement: Acknowledgement) -> None:
        """Take note of what became of an acknowledgement; from any thread."""
        if acknowledgement.types and self._notes_outcomes:
            self.outcomes.append(acknowledgement.outcome())
        if acknowledgement.renewed:
            self.hand.renewed(acknowledgement, self._fetcher.lock_ms)
        if not self._cluster.loop.is_closed():
            self._cluster.loop.call_soon_threadsafe(self._note_completion)

    def _note_completion(self) -> None:
        self._completions.set()
        self._arrivals.set()
        self._fetcher.wake()

    def metrics(self) -> Metrics:
        """Return what the consumer measured of itself, under the names of Java's share consumer.

        Example:
            >>> consumer.metrics()["acknowledgements-send-total"]
        """
        self.check()
        return self._cluster.metrics.read()

    def acquisition_lock_timeout_ms(self) -> int | None:
        """Return how long a lock lasts, as the brokers said last; None before the first records."""
        return self._fetcher.lock_ms

    # ------------------------------------------------------------ the end

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109 - told, not cancelled
        """Acknowledge what something was said of, give back the rest, leave, and end."""
        self._cluster.check_loop()
        if not self.is_closing:
            self.is_closing = True
            self._arrivals.set()
            self._closing = self._cluster.loop.create_task(self._close(timeout))
        if self._closing is not None:
            await asyncio.shield(self._closing)  # who closes second waits as well

    async def _close(self, timeout: float) -> None:  # noqa: ASYNC109 - as `close`
        try:
            async with asyncio.timeout(timeout):
                if self.settings.is_explicit:
                    self.hand.commit()
                await self._fetcher.close()
                await self._membership.leave()
                await self._cluster.push_last()
        except TimeoutError:
            pass
        finally:
            self.abandon()

    def abandon(self) -> None:
        """End at once, without a word to anybody: what is held goes back by itself."""
        self.is_closing = True
        self._fetcher.abandon()
        self._cluster.close()


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    """Wait for an event, and not for too long."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        pass
