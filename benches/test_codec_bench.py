"""How long messages take to be read and written, beside the codecs of kio and kafka-python.

Invariant: all codecs get a view of the same bytes, as from a network, and must write as many again;
what a codec copies counts.
Neighbours: `rounds` takes turns; `tests/protocol/peers` proves that all three agree.
"""

import importlib
import io
import os
import warnings
from functools import cache, partial
from time import perf_counter

import pytest

from benches.rounds import REPLAY, Contest, Measured, each, label, report_to
from logcore.protocol.messages import fetch, metadata, produce

SUBJECT = "codec"
TOPIC_ID = bytes(range(16))
SECONDS = 0.1
"""How long one round of a contestant takes, about."""


def metadata_response(topics, partitions):
    return metadata.MetadataResponse(
        cluster_id="A" * 22,
        brokers=[
            metadata.MetadataResponseBroker(node_id=node, host=f"node-{node}.example", port=9092)
            for node in range(3)
        ],
        topics=[
            metadata.MetadataResponseTopic(
                name=f"topic-{topic:03}",
                topic_id=TOPIC_ID,
                partitions=[
                    metadata.MetadataResponsePartition(
                        partition_index=index,
                        leader_id=index % 3,
                        leader_epoch=5,
                        replica_nodes=[0, 1, 2],
                        isr_nodes=[0, 1, 2],
                    )
                    for index in range(partitions)
                ],
            )
            for topic in range(topics)
        ],
    )


def produce_request(size_bytes):
    data = produce.PartitionProduceData(index=1, records=os.urandom(size_bytes))
    topic = produce.TopicProduceData(name="topic-001", partition_data=[data])
    return produce.ProduceRequest(acks=-1, timeout_ms=30_000, topic_data=[topic])


def fetch_request(partitions):
    asked = [
        fetch.FetchPartition(partition=index, fetch_offset=10_000, partition_max_bytes=1 << 20)
        for index in range(partitions)
    ]
    topic = fetch.FetchTopic(topic_id=TOPIC_ID, partitions=asked)
    return fetch.FetchRequest(max_wait_ms=500, min_bytes=1, topics=[topic])


def fetch_response(partitions, size_bytes):
    records = os.urandom(size_bytes)
    found = [
        fetch.PartitionData(partition_index=index, high_watermark=10_000, records=records)
        for index in range(partitions)
    ]
    topic = fetch.FetchableTopicResponse(topic_id=TOPIC_ID, partitions=found)
    return fetch.FetchResponse(session_id=5, responses=[topic])


def ours(message, version):
    """Return what reads and what writes a message, and the message to write."""
    cls, decode, encode = type(message), type(message).decode, type(message).encode
    written = memoryview(message.encode_bytes(version))
    return (
        lambda: decode(written, version),
        lambda: encode(message, version),
        lambda: cls.decode(written, version).encode_bytes(version),
    )


@cache
def kafka_python(name):
    """Return kafka-python's class of a message."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for package in ("consumer", "metadata", "producer"):
            module = importlib.import_module(f"kafka.protocol.{package}")
            if hasattr(module, name):
                return getattr(module, name)
    raise LookupError(name)


def theirs_kafka_python(message, version):
    cls = kafka_python(type(message).__name__)
    written = memoryview(message.encode_bytes(version))
    decoded = cls.decode(written, version=version)
    decoded._header = None

    def again():
        return bytes(decoded.encode(version=version))

    return lambda: cls.decode(written, version=version), again, again


def theirs_kio(message, version):
    from kio.index import load_request_schema, load_response_schema  # noqa: PLC0415 - a peer
    from kio.serial import entity_reader, entity_writer  # noqa: PLC0415 - a peer

    is_request = type(message).__name__.endswith("Request")
    load = load_request_schema if is_request else load_response_schema
    cls = load(message.API_KEY, version)
    read, write = entity_reader(cls), entity_writer(cls)
    written = memoryview(message.encode_bytes(version))
    entity, _ = read(written, 0)

    def encode():
        buffer = io.BytesIO()
        write(buffer, entity)
        return buffer.getvalue()

    return lambda: read(written, 0), encode, encode


CODECS = {"logcore": ours, "kafka-python": theirs_kafka_python, "kio": theirs_kio}


@cache
def prepared(name, make, version):
    """Return reading and writing of one codec, checked and calibrated."""
    message = make()
    read, write, again = CODECS[name](message, version)
    assert len(again()) == len(message.encode_bytes(version))
    return {"decode": read, "encode": write}


def once(name, make, version, way):
    work = prepared(name, make, version)[way]
    start = perf_counter()
    work()
    count = max(1, int(SECONDS / max(perf_counter() - start, 1e-7)))
    start = perf_counter()
    for _ in range(count):
        work()
    return Measured(perf_counter() - start, count)


CASES = {
    "Metadata 12 response, 100 topics of 10": (partial(metadata_response, 100, 10), 12),
    "Produce 9 request, 1 MiB": (partial(produce_request, 1 << 20), 9),
    "Produce 9 request, 150 B": (partial(produce_request, 110), 9),
    "Fetch 17 request, 10 partitions": (partial(fetch_request, 10), 17),
    "Fetch 17 response, 1 MiB": (partial(fetch_response, 1, 1 << 20), 17),
    "Fetch 17 response, 10 of 100 KB": (partial(fetch_response, 10, 100_000), 17),
    "Fetch 17 response, 200 B": (partial(fetch_response, 1, 200), 17),
}


def contests():
    return [
        Contest(
            SUBJECT,
            f"{way}: {case}",
            {name: partial(once, name, make, version, way) for name in CODECS},
            unit="message",
            durability="read",
        )
        for case, (make, version) in CASES.items()
        for way in ("decode", "encode")
    ]


@pytest.mark.benchmark(timer=REPLAY)
@pytest.mark.parametrize(("contest", "name"), each(contests()), ids=label)
def test_codec(benchmark, contest, name):
    report_to(benchmark, contest, name)
