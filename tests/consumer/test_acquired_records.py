"""Out of batches come the acquired records, and a word on every acquired offset without one."""

import pytest

from logcore.common.errors import CorruptMessageError, UnsupportedCompressionTypeError
from logcore.consumer.acknowledgements import GAP, AcknowledgeType
from logcore.record import ConsumerRecord
from tests.broker.batches import batch
from tests.consumer.acquiring import PLACE, acquired, at_offset, batches

REJECT, RELEASE = AcknowledgeType.REJECT, AcknowledgeType.RELEASE


def read(records):
    found = []
    while (record := records.next_record()) is not None:
        assert record.value == b"%d" % record.offset
        found.append((record.offset, record.delivery_count))
    return found


def next_offset(records):
    record = records.next_record()
    return None if record is None else record.offset


def test_only_what_was_acquired_comes_out():
    records = acquired(batches(5, 5), (1, 2, 1), (4, 6, 3), (9, 9, 2))
    assert read(records) == [(1, 1), (2, 1), (4, 3), (5, 3), (6, 3), (9, 2)]
    assert records.is_done
    assert records.said() == []


def test_offsets_without_a_record_are_gaps():
    """What compaction took, and control records: a batch of them holds offset 8."""
    control = at_offset(batch([(bytes(4), bytes(6))], attributes=0x20), 8)
    data = batches(3) + batches(3, base=5) + control + batches(2, base=9)
    records = acquired(data, (1, 6, 1), (8, 10, 1))
    assert read(records) == [(1, 1), (2, 1), (5, 1), (6, 1), (9, 1), (10, 1)]
    assert records.said() == [(3, 4, GAP), (8, 8, GAP)]
    assert records.said() == [], "said once"


def test_gaps_at_the_end():
    control = at_offset(batch([(bytes(4), bytes(6))], attributes=0x20), 2)
    records = acquired(batches(2) + control, (0, 2, 1))
    assert read(records) == [(0, 1), (1, 1)]
    assert records.said() == [(2, 2, GAP)]


def test_what_was_named_and_not_sent_goes_back():
    records = acquired(batches(3), (1, 9, 1), (20, 2**62, 1))
    assert read(records) == [(1, 1), (2, 1)]
    assert records.said() == [(3, 9, RELEASE), (20, 2**62, RELEASE)]
    nothing = acquired(b"", (5, 6, 1))
    assert read(nothing) == []
    assert nothing.said() == [(5, 6, RELEASE)]


def test_a_damaged_batch_is_skipped():
    spoilt = at_offset(batch([b"x", b"x", b"x"], spoil=True), 3)
    records = acquired(batches(3) + spoilt + batches(3, base=6), (1, 4, 1), (8, 8, 2))
    assert [next_offset(records), next_offset(records)] == [1, 2]
    with pytest.raises(CorruptMessageError):
        records.next_record()
    records.skip(REJECT)
    assert records.said() == [(3, 4, REJECT)]
    assert read(records) == [(8, 2)]


def test_damage_before_and_behind_what_was_acquired():
    spoilt = batch([b"x", b"x", b"x"], spoil=True)
    records = acquired(spoilt + batches(3, base=3), (4, 4, 1))
    assert read(records) == [(4, 1)], "batches before the first acquired record do not matter"
    records = acquired(batches(3) + at_offset(spoilt, 3), (0, 5, 1))
    assert [next_offset(records) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(CorruptMessageError):
        records.next_record()
    records.skip(REJECT)
    assert records.is_done
    assert records.said() == [(3, 5, REJECT)]
    assert records.next_record() is None


def test_what_is_not_to_be_checked_is_not():
    spoilt = batch([b"0"], spoil=True)
    assert read(acquired(spoilt, (0, 0, 1), check_crcs=False)) == [(0, 1)]


def test_a_batch_of_an_unknown_codec():
    records = acquired(batch([b"0", b"1"], attributes=7), (0, 1, 1))
    with pytest.raises((UnsupportedCompressionTypeError, CorruptMessageError)):
        records.next_record()
    records.skip(RELEASE)
    assert records.said() == [(0, 1, RELEASE)]


def test_everything_that_is_left_can_go_back():
    records = acquired(batches(5, 5), (1, 3, 1), (6, 7, 1))
    assert next_offset(records) == 1
    records.release()
    assert records.is_done
    assert records.said() == [(2, 3, RELEASE), (6, 7, RELEASE)]


@pytest.mark.parametrize(
    "ranges", [[(2, 1, 1)], [(0, 3, 1), (3, 4, 1)], [(3, 4, 1), (0, 1, 1)], [(-3, 1, 1)]]
)
def test_ranges_that_make_no_sense(ranges):
    with pytest.raises(CorruptMessageError, match=f"{PLACE}.*acquired"):
        acquired(batches(5), *ranges)


def test_bytes_that_are_no_batches():
    with pytest.raises(CorruptMessageError):
        acquired(b"\xff" * 100, (0, 5, 1))


def test_a_batch_that_was_cut_off():
    records = acquired(batches(3, 3)[:-5], (0, 5, 1))
    assert read(records) == [(0, 1), (1, 1), (2, 1)]
    assert records.said() == [(3, 5, RELEASE)]


def test_a_record_is_as_any_consumer_sees_it():
    record = acquired(batches(1), (0, 0, 7)).next_record()
    assert record is not None
    assert isinstance(record.record, ConsumerRecord)
    assert (record.topic, record.partition, record.delivery_count) == ("t", 0, 7)
