"""An image is what its records make; records are the bytes that Kafka writes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.controller.image import (
    BrokerImage,
    Endpoint,
    MetadataImage,
    PartitionImage,
    TopicImage,
)
from logcore.controller.records import encoded, records_of
from logcore.protocol.internal import metadata_record
from logcore.protocol.internal.metadata import (
    BrokerEndpoint,
    BrokerFeature,
    ConfigRecord,
    EndTransactionRecord,
    FeatureLevelRecord,
    NoOpRecord,
    PartitionChangeRecord,
    PartitionRecord,
    RegisterBrokerRecord,
    RemoveTopicRecord,
    TopicRecord,
)
from tests.controller.building import image, replayed, topic, topic_id

IDS = st.binary(min_size=16, max_size=16)
NUMBERS = st.lists(st.integers(0, 100), max_size=3).map(tuple)
TEXTS = st.text(max_size=8)


@st.composite
def partitions(draw):
    count = draw(st.integers(0, 3))
    return tuple(
        PartitionImage(
            partition_id=number,
            replicas=draw(NUMBERS),
            isr=draw(NUMBERS),
            leader=draw(st.integers(-1, 100)),
            leader_epoch=draw(st.integers(0, 2**31 - 1)),
            partition_epoch=draw(st.integers(0, 2**31 - 1)),
            directories=tuple(draw(st.lists(IDS, max_size=2))),
            adding_replicas=draw(NUMBERS),
            removing_replicas=draw(NUMBERS),
            leader_recovery_state=draw(st.integers(0, 1)),
            eligible_leader_replicas=draw(NUMBERS),
            last_known_elr=draw(NUMBERS),
        )
        for number in range(count)
    )


BROKERS = st.builds(
    BrokerImage,
    broker_id=st.integers(0, 5),
    epoch=st.integers(0, 2**63 - 1),
    incarnation_id=IDS,
    endpoints=st.lists(
        st.builds(Endpoint, TEXTS, TEXTS, st.integers(0, 65535), st.integers(0, 3)), max_size=2
    ).map(tuple),
    features=st.dictionaries(TEXTS, st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=2),
    rack=st.none() | TEXTS,
    is_fenced=st.booleans(),
    in_controlled_shutdown=st.booleans(),
    log_dirs=st.lists(IDS, max_size=2).map(tuple),
    cordoned_log_dirs=st.none() | st.lists(IDS, max_size=2).map(tuple),
)


@st.composite
def images(draw):
    names = draw(st.lists(st.text("abc", min_size=1, max_size=3), unique=True, max_size=4))
    topics = [
        TopicImage(name, topic_id(number), draw(partitions())) for number, name in enumerate(names)
    ]
    brokers = draw(st.lists(BROKERS, max_size=2, unique_by=lambda each: each.broker_id))
    settings = st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=3)
    configs = draw(st.dictionaries(st.tuples(st.sampled_from([2, 4, 32]), TEXTS), settings))
    features = draw(st.dictionaries(TEXTS, st.integers(1, 30), max_size=3))
    produced = draw(st.integers(0, 2**62))
    made = image(topics, brokers, configs, features=features)
    return replace(made, next_producer_id=produced)


@given(images())
def test_an_image_is_what_its_records_make(made: MetadataImage):
    assert replayed(records_of(made)) == made


@given(images())
def test_and_so_it_is_when_they_went_through_the_log(made: MetadataImage):
    values = [encoded(record) for record in records_of(made)]
    assert replayed(metadata_record.decode(value) for value in values) == made


def test_the_metadata_version_comes_first():
    made = image([topic("t")], features={"a.version": 1, "metadata.version": 30})
    first, second, *_ = records_of(made)
    assert (first.name, second.name) == ("metadata.version", "a.version")


ID = bytes.fromhex("3ad40a7d04224cf1a850c363b876aa13")
DIRECTORY = bytes.fromhex("bb1706ac7d4c49d2a647c61caaa2e019")
GOLDEN = [
    ("010c00116d657461646174612e76657273696f6e001e00", FeatureLevelRecord(
        name="metadata.version", feature_level=30)),
    ("0104000401146d696e2e696e73796e632e7265706c69636173023100", ConfigRecord(
        resource_type=4, resource_name="", name="min.insync.replicas", value="1")),
    ("01020004612e623ad40a7d04224cf1a850c363b876aa1300", TopicRecord(name="a.b", topic_id=ID)),
    ("010302000000003ad40a7d04224cf1a850c363b876aa13020000000102000000010101000000010000000000"
     "00000002bb1706ac7d4c49d2a647c61caaa2e01900", PartitionRecord(
        partition_id=0, topic_id=ID, replicas=[1], isr=[1], leader=1, leader_epoch=0,
        partition_epoch=0, directories=[DIRECTORY])),
    ("010502000000013ad40a7d04224cf1a850c363b876aa13040001010104ffffffff06050200000001070502"
     "00000001", PartitionChangeRecord(
        partition_id=1, topic_id=ID, isr=[], leader=-1, eligible_leader_replicas=[1],
        last_known_elr=[1])),
    ("0109003ad40a7d04224cf1a850c363b876aa1300", RemoveTopicRecord(topic_id=ID)),
    ("0100040000000100620316342fb04e8da57c1feed3fc33d7000000000000000d020a504c41494e54455854"
     "0a3132372e302e302e314c880000000211" "6d657461646174612e76657273696f6e0007001e0000010001"
     "001102bb1706ac7d4c49d2a647c61caaa2e019", RegisterBrokerRecord(
        broker_id=1, incarnation_id=bytes.fromhex("620316342fb04e8da57c1feed3fc33d7"),
        broker_epoch=13, end_points=[BrokerEndpoint(
            name="PLAINTEXT", host="127.0.0.1", port=19592)],
        features=[BrokerFeature(
            name="metadata.version", min_supported_version=7, max_supported_version=30)],
        rack=None, log_dirs=[DIRECTORY])),
    ("01140000", NoOpRecord()),
    ("01180000", EndTransactionRecord()),
]  # fmt: skip
"""Records that Apache Kafka 4.3.1 wrote into its own log, the broker's features cut to one."""


@pytest.mark.parametrize(("data", "record"), GOLDEN)
def test_golden_bytes(data, record):
    assert encoded(record).hex() == data
    assert metadata_record.decode(bytes.fromhex(data)) == record
