"""What a consumer tells of itself, beyond its connections.

Invariant: what is handed out is counted by what was fetched at once, when it is all handed out; how
far what is being handed out has come is asked for when somebody looks.
Neighbours: `fetcher` and `subscription` record here, `coordination` what a group is asked;
`client.metrics` shows it.
"""

from collections.abc import Callable, Iterable, Sequence
from math import nan
from typing import TYPE_CHECKING, Final

from logcore.client.metrics.registry import Column, Registry, meter_columns
from logcore.client.metrics.sampled import Sampled, Window
from logcore.client.positions import TopicPartition
from logcore.protocol.api_keys import ApiKey

if TYPE_CHECKING:
    from logcore.consumer.subscription import PartitionState, Subscription
    from logcore.record.decoding import FetchedRecords

FETCHING: Final = "fetch-manager"
COORDINATING: Final = "coordinator"
_HEARTBEATS: Final = (
    ApiKey.HEARTBEAT, ApiKey.CONSUMER_GROUP_HEARTBEAT, ApiKey.SHARE_GROUP_HEARTBEAT
)  # fmt: skip
_CONSUMED: Final = (
    *meter_columns("records-consumed", "Records handed out"),
    *meter_columns("bytes-consumed", "Bytes of records handed out, as they were received"),
)
_PARTITION: Final = (
    Column("records-lag", "Offsets between the position and the end that may be read"),
    Column("records-lead", "Offsets between the beginning and the position"),
)


class TopicMeter:
    """What is measured of one topic: records that were handed out, and their bytes."""

    __slots__ = ("bytes", "records")

    def __init__(self, window: Window) -> None:
        self.records = Sampled(window)
        self.bytes = Sampled(window)


class FetchMeter:
    """What is measured of fetching, and of handing out.

    Args:
        registry: Where it is shown.
        subscription: What is read.
        is_committed_only: Whether a partition ends, to this consumer, at its last stable offset.

    Attributes:
        latency_ms: The time of each fetch.
        size_bytes: The bytes of records of each.
        throttle_ms: How long brokers asked to wait.
    """

    def __init__(
        self, registry: Registry, subscription: "Subscription", *, is_committed_only: bool
    ) -> None:
        self._window = registry.window
        self._subscription = subscription
        self._is_committed_only = is_committed_only
        self._topics: dict[str, TopicMeter] = {}
        average = registry.average
        self.latency_ms = average("fetch-latency", "time of a fetch, in ms", FETCHING)
        self.size_bytes = average("fetch-size", "bytes of records of a fetch", FETCHING)
        self.throttle_ms = average(
            "fetch-throttle-time", "time brokers asked to wait, in ms", FETCHING
        )
        fetches = self.latency_ms
        registry.family(
            FETCHING,
            (),
            meter_columns("fetch", "Fetches"),
            lambda: [((), (fetches.count_rate(), fetches.count))],
        )
        gauge = registry.gauge
        gauge("records-lag-max", "The greatest lag of a partition", self._lag_max, FETCHING)
        gauge("records-lead-min", "The least lead of a partition", self._lead_min, FETCHING)
        registry.family(FETCHING, (), _CONSUMED, lambda: [((), self._sums(self._names()))])
        registry.family(FETCHING, ("topic",), _CONSUMED, self._by_topic)
        registry.family(FETCHING, ("topic", "partition"), _PARTITION, self._by_partition)
        gauge(
            "assigned-partitions",
            "Partitions that are read",
            lambda: len(subscription.partitions),
            COORDINATING,
        )

    def consumed(self, place: TopicPartition, chunk: "FetchedRecords") -> None:
        """Record what was handed out of something that was fetched."""
        count = chunk.taken_count
        if count:
            topic = self._topic(place.topic)
            topic.records.record(count)
            left = max(chunk.end_offset - chunk.next_offset, 0)
            topic.bytes.record(chunk.size_bytes * count / (count + left))

    def _topic(self, name: str) -> TopicMeter:
        found = self._topics.get(name)
        if found is None:
            found = self._topics[name] = TopicMeter(self._window)
        return found

    def _names(self) -> set[str]:
        """Return the topics that are read, or were."""
        return {*self._topics, *(place.topic for place in list(self._subscription.partitions))}

    def _sums(self, wanted: set[str]) -> Sequence[float]:
        """Return the values of `_CONSUMED`, of some topics together."""
        topics = [self._topics[name] for name in wanted if name in self._topics]
        in_hand = [
            state.current.taken_count
            for place, state in list(self._subscription.partitions.items())
            if place.topic in wanted and state.current is not None
        ]
        return (
            sum(topic.records.rate() for topic in topics),
            sum(topic.records.total for topic in topics) + sum(in_hand),
            sum(topic.bytes.rate() for topic in topics),
            sum(topic.bytes.total for topic in topics),
        )

    def _by_topic(self) -> Iterable[tuple[tuple[str, ...], Sequence[float]]]:
        return [((name,), self._sums({name})) for name in self._names()]

    def _by_partition(self) -> Iterable[tuple[tuple[str, ...], Sequence[float]]]:
        return [
            ((place.topic, str(place.partition)), (self._lag(state), self._lead(state)))
            for place, state in list(self._subscription.partitions.items())
        ]

    def _lag(self, state: "PartitionState") -> float:
        end = state.last_stable_offset if self._is_committed_only else state.high_watermark
        position = state.position
        return nan if end < 0 or position is None else max(end - position, 0)

    def _lead(self, state: "PartitionState") -> float:
        start, position = state.log_start_offset, state.position
        return nan if start < 0 or position is None else max(position - start, 0)

    def _lag_max(self) -> float:
        return max(self._known(self._lag), default=nan)

    def _lead_min(self) -> float:
        return min(self._known(self._lead), default=nan)

    def _known(self, ask: "Callable[[PartitionState], float]") -> list[float]:
        values = map(ask, list(self._subscription.partitions.values()))
        return [value for value in values if value == value]  # noqa: PLR0124 - no number


class GroupMeter:
    """What is measured of a group.

    Args:
        registry: Where it is shown.

    Attributes:
        rebalance_ms: How long each rebalance took.
        failed: Rebalances that failed.
    """

    def __init__(self, registry: Registry) -> None:
        self._window = registry.window
        now_ms = self._window.now_ms
        average = registry.average
        self._beaten_ms = now_ms()
        self._rebalanced_ms: int | None = None
        self._asked: dict[int, Sampled] = {
            ApiKey.OFFSET_COMMIT: average(
                "commit-latency", "time of a commit, in ms", COORDINATING
            ),
            ApiKey.JOIN_GROUP: average("join-time", "time of a join, in ms", COORDINATING),
            ApiKey.SYNC_GROUP: average("sync-time", "time of a sync, in ms", COORDINATING),
        }
        beats = registry.sampled()
        self._asked |= dict.fromkeys(_HEARTBEATS, beats)
        for base, text, api in (
            ("commit", "Commits", ApiKey.OFFSET_COMMIT),
            ("join", "Joins", ApiKey.JOIN_GROUP),
            ("sync", "Syncs", ApiKey.SYNC_GROUP),
            ("heartbeat", "Heartbeats", ApiKey.HEARTBEAT),
        ):
            _show_count(registry, base, text, self._asked[api])
        gauge = registry.gauge
        gauge("heartbeat-response-time-max", "The maximum time of a heartbeat, in ms",
              beats.maximum, COORDINATING)  # fmt: skip
        gauge("last-heartbeat-seconds-ago", "Seconds since a heartbeat was answered",
              lambda: (now_ms() - self._beaten_ms) / 1000, COORDINATING)  # fmt: skip
        self.rebalance_ms = average("rebalance-latency", "time of a rebalance, in ms", COORDINATING)
        rebalances = self.rebalance_ms
        gauge("rebalance-latency-total", "The time of all rebalances, in ms",
              lambda: rebalances.total, COORDINATING, is_total=True)  # fmt: skip
        gauge("rebalance-total", "Rebalances, in all",
              lambda: rebalances.count, COORDINATING, is_total=True)  # fmt: skip
        gauge("rebalance-rate-per-hour", "Rebalances, per hour",
              lambda: rebalances.count_rate() * 3600, COORDINATING)  # fmt: skip
        gauge("last-rebalance-seconds-ago", "Seconds since a rebalance; -1 if there was none",
              self._rebalanced_ago, COORDINATING)  # fmt: skip
        self.failed = registry.sampled()
        gauge("failed-rebalance-total", "Rebalances that failed, in all",
              lambda: self.failed.total, COORDINATING, is_total=True)  # fmt: skip

    def answered(self, api_key: int, latency_ms: float) -> None:
        """Record that a coordinator answered."""
        number = self._asked.get(api_key)
        if number is not None:
            number.record(latency_ms)
        if api_key in _HEARTBEATS:
            self._beaten_ms = self._window.now_ms()

    def now_ms(self) -> int:
        """Return when a rebalance begins."""
        return self._window.now_ms()

    def rebalanced(self, began_ms: int) -> None:
        """Record that a rebalance is done."""
        self._rebalanced_ms = self._window.now_ms()
        self.rebalance_ms.record(self._rebalanced_ms - began_ms)

    def _rebalanced_ago(self) -> float:
        if self._rebalanced_ms is None:
            return -1
        return (self._window.now_ms() - self._rebalanced_ms) / 1000


def _show_count(registry: Registry, base: str, text: str, number: Sampled) -> None:
    columns = meter_columns(base, text)
    registry.family(COORDINATING, (), columns, lambda: [((), (number.count_rate(), number.count))])
