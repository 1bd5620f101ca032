"""What librdkafka makes of what we produce, and whether it would have put it in the same place."""

import random

import confluent_kafka
import pytest

from logcore.producer.producer import Producer
from tests.producer.reading import read_all

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


def consume(
    bootstrap: str, topic: str, count: int, **settings: str
) -> list[confluent_kafka.Message]:
    told = {
        "bootstrap.servers": bootstrap,
        "group.id": f"{topic}-foreign",
        "auto.offset.reset": "earliest",
        "check.crcs": True,
        **{key.replace("_", "."): value for key, value in settings.items()},
    }
    consumer = confluent_kafka.Consumer(told)
    try:
        consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
        found: list[confluent_kafka.Message] = []
        while len(found) < count:
            batch = consumer.consume(count - len(found), 20)
            assert batch, f"only {len(found)} of {count}"
            assert not any(message.error() for message in batch)
            found += batch
        return found
    finally:
        consumer.close()


@pytest.mark.parametrize("codec", CODECS)
def test_librdkafka_reads_every_codec(cluster, codec):
    topic = cluster.topic()
    values = [b"%d " % number * (number % 50) for number in range(3000)]
    settings = {"compression_type": codec, "batch_size": 20_000}
    with Producer(bootstrap_servers=cluster.bootstrap, **settings) as producer:
        for at, value in enumerate(values):
            producer.send(topic, value, b"%d" % at, headers={"at": b"%d" % at}, timestamp=at)
    messages = consume(cluster.bootstrap, topic, len(values))
    assert [message.value() for message in messages] == values
    assert [message.offset() for message in messages] == list(range(len(values)))
    for at, message in enumerate(messages):
        assert message.key() == b"%d" % at
        assert message.headers() == [("at", b"%d" % at)]
        assert message.timestamp() == (confluent_kafka.TIMESTAMP_CREATE_TIME, at)


@pytest.mark.parametrize("codec", CODECS)
def test_librdkafka_reads_the_halves_of_what_was_too_large(cluster, codec):
    topic = cluster.topic(max_message_bytes="20000")
    chance = random.Random(7)
    values = [chance.randbytes(500) for _ in range(200)]
    settings = {"compression_type": codec, "linger_ms": 100}
    with Producer(bootstrap_servers=cluster.bootstrap, **settings) as producer:
        assert producer.send_many(topic, values).result(30) == len(values)
    messages = consume(cluster.bootstrap, topic, len(values))
    assert [message.value() for message in messages] == values


def test_librdkafka_reads_what_was_committed(cluster):
    topic = cluster.topic()
    settings = {"bootstrap_servers": cluster.bootstrap, "transactional_id": topic}
    with Producer(**settings) as producer:
        for number in range(10):
            producer.begin_transaction()
            producer.send(topic, b"%d" % number)
            if number % 2:
                producer.commit_transaction()
            else:
                producer.abort_transaction()
    messages = consume(cluster.bootstrap, topic, 5, isolation_level="read_committed")
    assert [message.value() for message in messages] == [b"1", b"3", b"5", b"7", b"9"]


@pytest.mark.parametrize("partitioner", ["murmur2_random", "consistent_random", "fnv1a_random"])
def test_a_key_goes_where_librdkafka_sends_it(cluster, partitioner):
    topic, chance = cluster.topic(17), random.Random(7)
    keys = [chance.randbytes(length % 40) for length in range(1, 400)]
    foreign = confluent_kafka.Producer(
        {"bootstrap.servers": cluster.bootstrap, "partitioner": partitioner}
    )
    for key in keys:
        foreign.produce(topic, b"theirs", key)
    foreign.flush(30)
    with Producer(bootstrap_servers=cluster.bootstrap, partitioner=partitioner) as producer:
        producer.send_many(topic, [b"ours"] * len(keys), keys)
    places: dict[bytes | None, set[int]] = {}
    for record in read_all(cluster.bootstrap, topic):
        places.setdefault(record.key, set()).add(record.partition)
    assert set(places) == set(keys)
    if partitioner == "consistent_random":
        del places[b""]  # by chance, to both of us
    assert {len(partitions) for partitions in places.values()} == {1}
