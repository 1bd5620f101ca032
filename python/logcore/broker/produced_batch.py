"""The first look at what a producer sent for a partition, before the engine has its own.

Apache Kafka decides here, by the length and the magic alone, which of three things is wrong: there
is no whole batch, it is damaged, or it is of a kind that the version of the request does not take.
Invariant: what passes is one batch of magic 2 by its header; the engine checks everything else.
Neighbours: `handlers.produce` asks for each partition; the engine's validator looks at the records.
Source: Apache Kafka 4.3.1, `ProduceRequest.validateRecords` and `ByteBufferLogInputStream`.
"""

import struct
from typing import Final

from logcore.common.errors import (
    CorruptMessageError,
    InvalidRecordError,
    UnsupportedCompressionTypeError,
)

TRANSACTIONAL: Final = 0x10
_ATTRIBUTES_AT: Final = 22
"""Where the lower byte of a batch's attributes is."""
_HEAD: Final = struct.Struct(">qiibIh")  # offset, length, leader epoch, magic, CRC, attributes
_unpack_head: Final = _HEAD.unpack_from
_LENGTH: Final = struct.Struct(">qi")
_LENGTH_MIN: Final = 14  # of a message of the oldest format
_MAGIC_AT: Final = 16
_MAGIC: Final = 2
_MAGIC_SIGN: Final = 0x80
_CODEC_MASK: Final = 0x07
_ZSTD: Final = 4
_ZSTD_FROM: Final = 7


def attributes_of(records: memoryview, version: int) -> int:
    """Return the attributes of the batch that a request brings for a partition.

    Args:
        records: What it brings.
        version: The version of the request.

    Raises:
        InvalidRecordError: If there is no whole batch, or one of an old format.
        CorruptMessageError: If it is damaged.
        UnsupportedCompressionTypeError: If its codec came with a later version.
    """
    if len(records) < _HEAD.size:
        raise _fault(records)
    _, length, _, magic, _, attributes = _unpack_head(records)
    if magic != _MAGIC or not _LENGTH_MIN <= length <= len(records) - _LENGTH.size:
        raise _fault(records)
    if version < _ZSTD_FROM and attributes & _CODEC_MASK == _ZSTD:
        raise UnsupportedCompressionTypeError(f"zstd needs Produce {_ZSTD_FROM} or newer")
    found: int = attributes
    return found


def is_transactional(records: memoryview) -> bool:
    """Whether a batch says that it is of a transaction, whatever else may be wrong with it."""
    return len(records) >= _HEAD.size and bool(records[_ATTRIBUTES_AT] & TRANSACTIONAL)


def _fault(records: memoryview) -> InvalidRecordError | CorruptMessageError:
    """Say what is wrong, in the order in which Kafka looks."""
    if len(records) < _LENGTH.size:
        return InvalidRecordError("there is no record batch in the request")
    _, length = _LENGTH.unpack_from(records)
    if length < _LENGTH_MIN:
        return CorruptMessageError(f"a record batch of {length} bytes is too short")
    if len(records) <= _MAGIC_AT:
        return InvalidRecordError("the record batch is cut off in its header")
    magic = records[_MAGIC_AT]
    if magic > _MAGIC:
        signed = magic - (magic & _MAGIC_SIGN) * 2
        return CorruptMessageError(f"magic {signed} is unknown: 2 is asked for")
    if length > len(records) - _LENGTH.size:
        return InvalidRecordError(f"the record batch is cut off: its length is {length}")
    return InvalidRecordError(f"magic {magic} is of before Kafka 0.11: 2 is asked for")


__all__ = ["TRANSACTIONAL", "attributes_of", "is_transactional"]
