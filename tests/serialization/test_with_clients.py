"""Producers and consumers with a schema registry, on our broker and on Apache Kafka."""

from typing import Any

import pytest

from logcore.common.errors import SchemaNotFoundError, SerializationError, UnfitValueError
from logcore.consumer.async_consumer import AsyncConsumer
from logcore.consumer.consumer import Consumer
from logcore.producer.async_producer import AsyncProducer
from logcore.producer.producer import Producer
from logcore.serialization import AvroDeserializer, AvroSerializer, RegistryDeserializer
from tests.contestants import cluster, our_cluster

__all__ = ["cluster", "our_cluster"]

pytestmark = pytest.mark.peer
ORDER = {"type": "record", "name": "Order", "fields": [{"name": "table", "type": "int"}]}
BROKEN = b"\0\x7f\0\0\0data"


def test_there_and_back(cluster, registry):
    topic = cluster.topic()
    with Producer(
        bootstrap_servers=cluster.bootstrap,
        key_serializer=AvroSerializer(registry, '"string"', is_key=True),
        value_serializer=AvroSerializer(registry, ORDER),
    ) as producer:
        for table in range(100):
            producer.send(topic, {"table": table}, f"table {table}")
        producer.send(topic, None, "gone")
        with pytest.raises(SerializationError) as caught:
            producer.send(topic, {"table": "four"})
        assert isinstance(caught.value.__cause__, UnfitValueError)
    registry.clear_caches()
    with Consumer(
        topic,
        bootstrap_servers=cluster.bootstrap,
        group_id=cluster.group(),
        auto_offset_reset="earliest",
        key_deserializer=AvroDeserializer(registry),
        value_deserializer=RegistryDeserializer(registry),
    ) as consumer:
        records: list[Any] = []
        while len(records) < 101:
            records += consumer.poll(timeout=10)
    assert [record.value for record in records[:-1]] == [{"table": n} for n in range(100)]
    assert (records[-1].key, records[-1].value) == ("gone", None)


@pytest.mark.asyncio
async def test_coroutines_wait_for_no_registry_on_the_loop(cluster, registry):
    topic = cluster.topic()
    async with AsyncProducer(
        bootstrap_servers=cluster.bootstrap, value_serializer=AvroSerializer(registry, ORDER)
    ) as producer:
        for table in range(100):
            await producer.send(topic, {"table": table})
    registry.clear_caches()
    async with AsyncConsumer(
        bootstrap_servers=cluster.bootstrap, value_deserializer=AvroDeserializer(registry)
    ) as consumer:
        consumer.assign([(topic, 0)])
        consumer.seek_to_beginning((topic, 0))
        records: list[Any] = []
        while len(records) < 100:
            records += await consumer.poll(timeout=10)
    assert [record.value for record in records] == [{"table": n} for n in range(100)]


def test_a_record_of_another_registry_is_told_and_read_past(cluster, registry):
    topic = cluster.topic()
    with Producer(bootstrap_servers=cluster.bootstrap) as producer:
        producer.send(topic, BROKEN)
        producer.send(topic, AvroSerializer(registry, ORDER).serialize(topic, {"table": 4}))
    with Consumer(
        bootstrap_servers=cluster.bootstrap, value_deserializer=AvroDeserializer(registry)
    ) as consumer:
        consumer.assign([(topic, 0)])
        consumer.seek_to_beginning((topic, 0))
        with pytest.raises(SerializationError) as caught:
            any(consumer.poll(timeout=10) for _ in range(10))
        assert (caught.value.topic, caught.value.partition, caught.value.offset) == (topic, 0, 0)
        assert isinstance(caught.value.__cause__, SchemaNotFoundError)
        records: list[Any] = []
        while not records:
            records = consumer.poll(timeout=10)
        assert [record.value for record in records] == [{"table": 4}]
