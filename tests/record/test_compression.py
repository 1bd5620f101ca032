"""Opening what was compressed outside of a record batch."""

import gzip

import pytest

from logcore.common.errors import CorruptMessageError, UnsupportedCompressionTypeError
from logcore.record.compression import CODECS, decompress

ZSTD = bytes.fromhex("28b52ffd200631000068656c6c6f21")  # a frame of one raw block
LZ4 = bytes.fromhex("04224d186040820600008068656c6c6f2100000000")
SNAPPY = bytes.fromhex("061468656c6c6f21")


@pytest.mark.parametrize(
    ("codec", "data"),
    [(0, b"hello!"), (1, gzip.compress(b"hello!")), (2, SNAPPY), (3, LZ4), (4, ZSTD)],
    ids=CODECS.values(),
)
def test_every_codec_is_opened(codec, data):
    assert decompress(codec, memoryview(data), 6) == b"hello!"
    with pytest.raises(CorruptMessageError):
        decompress(codec, data, 5)


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
def test_what_is_damaged_is_refused(codec):
    with pytest.raises(CorruptMessageError):
        decompress(codec, b"\xff" * 20, 1000)


@pytest.mark.parametrize("codec", [-1, 5, 300])
def test_there_are_no_other_codecs(codec):
    with pytest.raises(UnsupportedCompressionTypeError):
        decompress(codec, b"", 10)
