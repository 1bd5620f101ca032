"""What is done to a record before it is encoded, where a program has a say: a producer's hooks.

Interceptors see it, serializers make bytes of it, the program's partitioner places it.
Invariant: a record that interceptors saw is acknowledged to them or refused, once; a partitioner is
asked once per record.
Neighbours: `async_producer` and `producer` send through here if there is a hook, and only then;
`placing` goes on with what has to wait.
"""

from collections.abc import Callable, Iterable, Sequence

from logcore.producer.interceptor import Interceptors, ProducerInterceptor, ProducerRecord
from logcore.producer.partitioner import Partitioner, PartitionsOf, choose
from logcore.producer.serializing import AnySerializer, field_of, may_block
from logcore.record.encoding import Delivery


class Outgoing:
    """The hooks of one producer.

    Args:
        partitions_of: Tells the partitions of a topic, if they are known.
        key_serializer: Makes the bytes of keys.
        value_serializer: Makes the bytes of values.
        partitioner: Chooses partitions.
        interceptors: Who sees records.

    Attributes:
        blocks: Whether serializing may wait for something, and so must not be on an event loop.
        serializes: Whether there is a serializer.
        is_per_record: Whether something is done that many records cannot have at once.
        interceptors: Who sees records.
    """

    def __init__(
        self,
        partitions_of: PartitionsOf,
        key_serializer: AnySerializer | None = None,
        value_serializer: AnySerializer | None = None,
        partitioner: Partitioner | None = None,
        interceptors: Iterable[ProducerInterceptor] = (),
    ) -> None:
        self._partitions_of = partitions_of
        self._key_of = field_of("key", key_serializer)
        self._value_of = field_of("value", value_serializer)
        self._partitioner = partitioner
        self.interceptors = Interceptors(interceptors)
        self.blocks = may_block(key_serializer) or may_block(value_serializer)
        self.serializes = self._key_of is not None or self._value_of is not None
        self.is_per_record = partitioner is not None or bool(self.interceptors)

    @property
    def is_needed(self) -> bool:
        """Whether there is a hook at all."""
        return self.serializes or self.is_per_record

    def send(
        self,
        record: ProducerRecord,
        place: Callable[[ProducerRecord], Delivery],
        *,
        is_raw: bool = False,
    ) -> Delivery:
        """Send a record.

        Args:
            record: What the program gave.
            place: Takes it.
            is_raw: Whether it is taken before it is serialized, which is done later.

        Raises:
            SerializationError, PartitionerError: What a hook of the program is at fault for.
        """
        if not self.interceptors:
            return place(record if is_raw else self.serialized(record))
        record = self.interceptors.on_send(record)
        try:
            delivery = place(record if is_raw else self.serialized(record))
        except Exception as error:
            self.interceptors.refused(record, error)
            raise
        self.interceptors.watch(delivery, record)
        return delivery

    def serialized(self, record: ProducerRecord) -> ProducerRecord:
        """Return a record with bytes as key and value.

        Raises:
            SerializationError: If a serializer failed.
        """
        if not self.serializes:
            return record
        topic, value, key, partition, headers, timestamp = record
        if self._key_of is not None:
            key = self._key_of(topic, key)
        if self._value_of is not None:
            value = self._value_of(topic, value)
        return ProducerRecord(topic, value, key, partition, headers, timestamp)

    def serialized_lists(
        self, topic: str, values: Sequence[object], keys: Sequence[object] | None
    ) -> tuple[Sequence[bytes | None], Sequence[bytes | None] | None]:
        """Return values and keys as bytes.

        Raises:
            SerializationError: If a serializer failed on one of them.
        """
        value_of, key_of = self._value_of, self._key_of
        if value_of is not None:
            values = [value_of(topic, value) for value in values]
        if keys is not None and key_of is not None:
            keys = [key_of(topic, key) for key in keys]
        return values, keys  # type: ignore[return-value]  # bytes, or refused where encoded

    def assigned(self, record: ProducerRecord) -> ProducerRecord | None:
        """Return a record with the partition that the program chooses, if it does.

        Returns:
            The record; None if the partitions of its topic are not known yet.

        Raises:
            PartitionerError: If the partitioner failed.
        """
        if self._partitioner is None or record.partition is not None:
            return record
        partitions = self._partitions_of(record.topic)
        if partitions is None:
            return None
        chosen = choose(self._partitioner, record.topic, record.key, record.value, partitions)
        return record._replace(partition=chosen)
