"""The first look at a batch; `hostile/test_produce.py` has the rest, through the wire."""

import pytest

from logcore.broker.produced_batch import TRANSACTIONAL, attributes_of
from logcore.common.errors import (
    CorruptMessageError,
    InvalidRecordError,
    UnsupportedCompressionTypeError,
)
from tests.broker.batches import batch

GOOD = batch([b"a"], attributes=TRANSACTIONAL | 1)


def patched(position: int, data: bytes) -> bytes:
    return GOOD[:position] + data + GOOD[position + len(data) :]


def test_attributes_are_read_where_they_stand():
    assert attributes_of(memoryview(GOOD), 3) == TRANSACTIONAL | 1


@pytest.mark.parametrize(
    ("records", "error"),
    [
        (b"", InvalidRecordError),
        (GOOD[:11], InvalidRecordError),
        (GOOD[:16], InvalidRecordError),
        (GOOD[:22], InvalidRecordError),
        (GOOD[:-1], InvalidRecordError),
        (patched(8, b"\0\0\0\x0d")[:13], CorruptMessageError),
        (patched(8, b"\xff\xff\xff\xff"), CorruptMessageError),
        (patched(8, b"\x7f\xff\xff\xff"), InvalidRecordError),
        (patched(16, b"\0"), InvalidRecordError),
        (patched(16, b"\1"), InvalidRecordError),
        (patched(16, b"\3"), CorruptMessageError),
        (patched(16, b"\xff"), CorruptMessageError),
    ],
)
def test_what_is_no_batch_is_told_apart(records: bytes, error: type[Exception]):
    with pytest.raises(error):
        attributes_of(memoryview(records), 9)


def test_zstd_came_with_version_7():
    zstd = memoryview(batch([b"a"], attributes=4))
    assert attributes_of(zstd, 7) == 4
    with pytest.raises(UnsupportedCompressionTypeError, match="7"):
        attributes_of(zstd, 6)
