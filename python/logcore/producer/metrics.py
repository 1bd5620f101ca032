"""What a producer tells of itself, beyond its connections.

Invariant: a batch costs a few recordings, when it is sent for the first time; a record costs none.
The producer's own numbers are those of its topics together.
Neighbours: `sender` records here; `client.metrics` shows it.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from logcore.client.metrics.registry import Registry, meter_columns
from logcore.client.metrics.sampled import Sampled, Window

if TYPE_CHECKING:
    from logcore.producer.partition_queue import Sending
    from logcore.record.encoding import ProduceBatch, RecordAccumulator

_OF_TOPICS: Final = (
    *meter_columns("record-send", "Records sent, each counted once"),
    *meter_columns("record-retry", "Records sent again"),
    *meter_columns("record-error", "Records given up"),
)
_BYTES: Final = meter_columns("byte", "Bytes of records sent, after compression")


class TopicMeter:
    """What is measured of one topic.

    Attributes:
        sent: Records that were sent, batch by batch.
        bytes: Their bytes.
        retried: Records that were sent again.
        failed: Records that were given up.
    """

    __slots__ = ("bytes", "failed", "retried", "sent")

    def __init__(self, window: Window) -> None:
        self.sent = Sampled(window)
        self.bytes = Sampled(window)
        self.retried = Sampled(window)
        self.failed = Sampled(window)

    @property
    def meters(self) -> tuple[Sampled, Sampled, Sampled]:
        """Those that the producer as a whole has too."""
        return self.sent, self.retried, self.failed


class ProducerMeter:
    """What is measured of a producer.

    Args:
        registry: Where it is shown.
        accumulator: Holds what was not sent yet.
        memory_bytes: How much it may hold.
    """

    def __init__(
        self, registry: Registry, accumulator: "RecordAccumulator", memory_bytes: int
    ) -> None:
        self._window = registry.window
        self._topics: dict[str, TopicMeter] = {}
        average = registry.average
        self._batch_bytes = average("batch-size", "bytes of a batch, after compression")
        self._queue_ms = average("record-queue-time", "time a batch waited to be sent, in ms")
        self._ratio = registry.sampled()
        self._record_bytes = registry.sampled()
        self._request_records = registry.sampled()
        self.throttle_ms = average("produce-throttle-time", "time brokers asked to wait, in ms")
        self.splits = registry.meter(
            "batch-split", "Batches halved, as brokers found them too large"
        )
        gauge = registry.gauge
        gauge(
            "compression-rate-avg", "The average part that compression leaves", self._ratio.average
        )
        gauge("record-size-avg", "The average bytes of a record", self._record_bytes.average)
        gauge(
            "records-per-request-avg",
            "The average records of a request",
            self._request_records.average,
        )
        gauge("buffer-total-bytes", "Bytes that may wait to be acknowledged", lambda: memory_bytes)
        gauge(
            "buffer-available-bytes",
            "Bytes of them that are free",
            lambda: max(memory_bytes - accumulator.used_bytes, 0),
        )
        registry.family("", (), _OF_TOPICS, lambda: [((), _sums(self._topics.values()))])
        registry.family("topic", ("topic",), (*_OF_TOPICS, *_BYTES), self._by_topic)

    def posted(self, batches: "Sequence[Sending]", now_ms: int) -> None:
        """Record what goes into a request."""
        self._request_records.record(sum(each.batch.count for each in batches))
        for sending in batches:
            if sending.attempts == 1:
                self._first(sending.batch, now_ms)

    def _first(self, batch: "ProduceBatch", now_ms: int) -> None:
        size_bytes, count = len(batch), batch.count
        topic = self._topic(batch.topic)
        topic.sent.record(count)
        topic.bytes.record(size_bytes)
        self._batch_bytes.record(size_bytes)
        self._ratio.record(size_bytes / max(batch.size_bytes, 1))
        self._record_bytes.record(batch.size_bytes / count)
        if batch.seen_ms is not None:
            self._queue_ms.record(max(now_ms - batch.seen_ms, 0))

    def retried(self, batch: "ProduceBatch") -> None:
        """Record that a batch is sent again."""
        self._topic(batch.topic).retried.record(batch.count)

    def failed(self, batch: "ProduceBatch") -> None:
        """Record that a batch was given up."""
        self._topic(batch.topic).failed.record(batch.count)

    def _topic(self, name: str) -> TopicMeter:
        found = self._topics.get(name)
        if found is None:
            found = self._topics[name] = TopicMeter(self._window)
        return found

    def _by_topic(self) -> Iterable[tuple[tuple[str, ...], Sequence[float]]]:
        return [
            ((name,), (*_sums([topic]), topic.bytes.rate(), topic.bytes.total))
            for name, topic in list(self._topics.items())
        ]


def _sums(topics: Iterable[TopicMeter]) -> list[float]:
    """Return rates and totals of some topics together."""
    columns = list(zip(*(topic.meters for topic in topics), strict=True)) or [()] * 3
    return [
        value
        for column in columns
        for value in (sum(each.rate() for each in column), sum(each.total for each in column))
    ]
