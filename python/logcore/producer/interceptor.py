"""Interceptors: who sees every record before it is sent, and what became of it.

Invariant: what an interceptor raises is logged, and changes nothing for anybody else.
Neighbours: `outgoing` calls these on the way out; `logcore.consumer.interceptor` has the others.
"""

import logging
from typing import Any, NamedTuple

from logcore.client.interceptors import InterceptorChain
from logcore.producer.room import Headers
from logcore.record import RecordMetadata
from logcore.record.encoding import Delivery

logger = logging.getLogger(__name__)


class ProducerRecord(NamedTuple):
    """A record before it is serialized: what `Producer.send` was given."""

    topic: str
    value: Any = None
    key: Any = None
    partition: int | None = None
    headers: Headers | None = None
    timestamp: int | None = None


class ProducerInterceptor:
    """Sees records on their way; derive from it, and override what matters.

    Interceptors are called in the order in which the producer was given them. What one raises is
    logged, and the next gets what there was before (`ProducerInterceptor` of Kafka, KIP-42).

    Example:
        >>> class Traced(ProducerInterceptor):
        ...     def on_send(self, record):
        ...         return record._replace(headers=[("trace", b"42")])
        >>> Traced().on_send(ProducerRecord("words", b"hello")).headers
        [('trace', b'42')]
    """

    def on_send(self, record: ProducerRecord) -> ProducerRecord:
        """See a record before it is serialized, on the thread that sends; it must not block.

        Returns:
            The record to send: the same, or another.
        """
        return record

    def on_acknowledgement(self, metadata: RecordMetadata, error: Exception | None) -> None:
        """See what became of a record, before whoever sent it does; it must not block.

        It is called on a thread of the producer; on the one that sends, if the record was refused.

        Args:
            metadata: Where the record went; partition and offset are -1 as far as it went nowhere.
            error: Why it went nowhere; None if it was acknowledged.
        """

    def close(self) -> None:
        """Let go of what is held: the producer is closed, and calls nothing any more."""


class Interceptors(InterceptorChain[ProducerInterceptor]):
    """All interceptors of a producer, one after the other."""

    def on_send(self, record: ProducerRecord) -> ProducerRecord:
        """Return the record that all of them made of one."""
        for member in self._members:
            try:
                record = member.on_send(record)
            except Exception:
                logger.exception("an interceptor raised in on_send; the record is sent without it")
        return record

    def watch(self, delivery: Delivery, record: ProducerRecord) -> None:
        """Tell what becomes of a record, once that is known."""

        def tell(done: Delivery) -> None:
            error = done.exception(0)
            if error is None:
                self._tell(done.result(0), None)
            else:
                self.refused(record, error)

        delivery.add_done_callback(tell)

    def refused(self, record: ProducerRecord, error: Exception) -> None:
        """Tell that a record went nowhere."""
        partition = -1 if record.partition is None else record.partition
        self._tell(RecordMetadata(record.topic, partition, -1), error)

    def _tell(self, metadata: RecordMetadata, error: Exception | None) -> None:
        self.tell("on_acknowledgement", lambda member: member.on_acknowledgement(metadata, error))
