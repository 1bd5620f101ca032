"""A record of a share group tells what every record tells, and how often it was delivered."""

from logcore.consumer.share_record import ShareRecord
from logcore.record import ConsumerRecord

FACTS = (
    "topic", "partition", "offset", "timestamp", "is_append_time", "key", "value", "headers",
    "leader_epoch",
)  # fmt: skip


def test_it_shows_the_record_inside():
    inside = ConsumerRecord(
        "t", 3, 7, b"k", b"v", timestamp=5, headers=(("h", b"1"),), leader_epoch=2
    )
    record = ShareRecord(inside, 4)
    assert all(getattr(record, fact) == getattr(inside, fact) for fact in FACTS)
    assert "offset=7" in repr(record)
    assert "delivery_count=4" in repr(record)


def test_it_can_be_matched():
    match ShareRecord(ConsumerRecord("t", 0, 1, None, b"v"), 1):
        case ShareRecord(topic, partition, offset, key, value):
            assert (topic, partition, offset, key, value) == ("t", 0, 1, None, b"v")
