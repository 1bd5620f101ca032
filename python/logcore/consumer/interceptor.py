"""Interceptors: who sees records before the program does, and what is committed.

Invariant: what an interceptor raises is logged, and changes nothing for anybody else.
Neighbours: `preparing` shows records to these, `upkeep` commits;
`logcore.producer.interceptor` has the others.
"""

import logging

from logcore.client.interceptors import InterceptorChain
from logcore.client.positions import OffsetAndMetadata, TopicPartition
from logcore.record import ConsumerRecord

logger = logging.getLogger(__name__)


class ConsumerInterceptor:
    """Sees records on their way to the program; derive from it, and override what matters.

    Interceptors are called in the order in which the consumer was given them. What one raises is
    logged, and the next gets what there was before (`ConsumerInterceptor` of Kafka, KIP-42).

    Example:
        >>> class NoTombstones(ConsumerInterceptor):
        ...     def on_consume(self, records):
        ...         return [record for record in records if record.value is not None]
        >>> NoTombstones().on_consume([ConsumerRecord("words", 0, 7, b"key", None)])
        []
    """

    def on_consume(self, records: list[ConsumerRecord]) -> list[ConsumerRecord]:
        """See records of one partition, deserialized, where the program reads; it must not block.

        Returns:
            What the program gets: the same, fewer, or others of the same offsets.
        """
        return records

    def on_commit(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
        """See offsets that were committed, on the consumer's loop; it must not block."""

    def close(self) -> None:
        """Let go of what is held: the consumer is closed, and calls nothing any more."""


class Interceptors(InterceptorChain[ConsumerInterceptor]):
    """All interceptors of a consumer, one after the other."""

    def on_consume(self, records: list[ConsumerRecord]) -> list[ConsumerRecord]:
        """Return the records that all of them made of some."""
        for member in self._members:
            try:
                records = list(member.on_consume(records))
            except Exception:
                logger.exception("an interceptor raised in on_consume; records pass without it")
        return records

    def on_commit(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
        """Tell what was committed."""
        self.tell("on_commit", lambda member: member.on_commit(offsets))
