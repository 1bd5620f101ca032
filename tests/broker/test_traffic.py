"""What went through a broker: bytes by topic, errors by API."""

import pytest

from logcore.broker import traffic as module
from logcore.broker.metadata_cache import EncodedMetadata
from logcore.broker.traffic import OTHERS, TopicBytes, Traffic
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.alter_client_quotas import (
    AlterClientQuotasResponse,
    ResponseEntryData,
)
from logcore.protocol.messages.metadata import MetadataResponse
from logcore.protocol.messages.offset_commit import (
    OffsetCommitResponse,
    OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
)
from logcore.protocol.messages.produce import (
    PartitionProduceResponse,
    ProduceResponse,
    TopicProduceResponse,
)
from tests.broker.batches import batch
from tests.broker.handlers.asking import fetch, produce
from tests.broker.running import Running


def test_so_many_topics_are_told_apart(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "TOPICS_MAX", 2)
    counted = TopicBytes()
    for topic in "abcdab":
        counted.count(topic, 10)
    assert counted == {"a": 20, "b": 20, OTHERS: 20}


def test_errors_are_counted_wherever_a_response_has_them():
    traffic = Traffic()
    traffic.answered(
        ApiKey.ALTER_CLIENT_QUOTAS,
        AlterClientQuotasResponse(
            entries=[ResponseEntryData(error_code=code) for code in (0, 42, 42)]
        ),
    )
    partitions = [OffsetCommitResponsePartition(error_code=code) for code in (3, 0)]
    response = OffsetCommitResponse(topics=[OffsetCommitResponseTopic(partitions=partitions)])
    traffic.answered(ApiKey.OFFSET_COMMIT, response)
    traffic.answered(ApiKey.METADATA, EncodedMetadata(MetadataResponse(), b"", 0))
    assert traffic.errors.value("AlterClientQuotas", "INVALID_REQUEST") == 2
    assert traffic.errors.value("OffsetCommit", "UNKNOWN_TOPIC_OR_PARTITION") == 1
    assert len(list(traffic.errors.samples())) == 2


def test_a_produce_is_left_to_its_handler():
    traffic = Traffic()
    answer = PartitionProduceResponse(error_code=3)
    response = ProduceResponse(responses=[TopicProduceResponse(partition_responses=[answer])])
    traffic.answered(ApiKey.PRODUCE, response)
    assert not list(traffic.errors.samples())


def test_what_is_produced_and_fetched_is_counted(broker: Running):
    topic = broker.topic()
    wire, records = broker.wire(), batch([b"v" * 100])
    for _ in range(3):
        assert produce(wire, topic, records).error_code == 0
    assert len(fetch(wire, topic, 0).records) == 3 * len(records)
    assert produce(wire, "no-such-topic", records).error_code == 3
    assert fetch(wire, topic, 99).error_code == 1
    traffic = broker.broker.parts.traffic
    produced, fetched = broker.call(lambda: (traffic.produced[topic], traffic.fetched[topic]))
    assert fetched == 3 * len(records)
    assert fetched <= produced <= fetched + 300
    assert traffic.errors.value("Produce", "UNKNOWN_TOPIC_OR_PARTITION") == 1
    assert traffic.errors.value("Fetch", "OFFSET_OUT_OF_RANGE") == 1
