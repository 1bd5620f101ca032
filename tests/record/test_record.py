"""`Record` is a value: it compares, hashes, matches, copies, and never changes."""

import copy
import pickle

import pytest

from logcore import Record

RECORD = Record(7, 1000, b"key", b"value", (("a", b"1"), ("b", None)))


def test_its_facts_are_its_attributes():
    match RECORD:
        case Record(offset, timestamp, key, value, headers):
            assert (offset, timestamp, key, value) == (7, 1000, b"key", b"value")
            assert headers == (("a", b"1"), ("b", None))


def test_headers_may_be_left_out():
    assert Record(0, -1, None, None).headers == ()


@pytest.mark.parametrize(
    "other",
    [
        Record(8, 1000, b"key", b"value", RECORD.headers),
        Record(7, 1001, b"key", b"value", RECORD.headers),
        Record(7, 1000, None, b"value", RECORD.headers),
        Record(7, 1000, b"key", None, RECORD.headers),
        Record(7, 1000, b"key", b"value"),
        (7, 1000, b"key", b"value", RECORD.headers),
    ],
)
def test_records_that_differ_in_anything_are_not_equal(other):
    assert other != RECORD


def test_equal_records_have_equal_hashes():
    twin = Record(7, 1000, b"key", b"value", RECORD.headers)
    assert twin == RECORD
    assert hash(twin) == hash(RECORD)


def test_records_have_no_order():
    with pytest.raises(TypeError):
        _ = RECORD < RECORD  # noqa: PLR0124 - the question is the test


def test_a_record_does_not_change():
    with pytest.raises(AttributeError):
        RECORD.offset = 8  # type: ignore[misc]


@pytest.mark.parametrize("twin", [pickle.loads(pickle.dumps(RECORD)), copy.deepcopy(RECORD)])
def test_a_record_can_be_copied(twin):
    assert twin == RECORD


def test_its_repr_can_be_read_back():
    assert eval(repr(RECORD)) == RECORD


def test_it_takes_bytes_only():
    with pytest.raises(TypeError):
        Record(0, 0, "key", b"")  # type: ignore[arg-type]
