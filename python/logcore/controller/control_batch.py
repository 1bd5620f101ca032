"""Control batches of the metadata: both ends of a snapshot, and what the quorum says of itself.

```text
key    i16 version = 0 | i16 type: 3 snapshot header, 4 snapshot footer
value  the record, flexible:  header i16 version | i64 timestamp | tags;  footer i16 version | tags
       2 leader change, 5 version of the quorum's protocol, 6 voters: see `quorum`
```
Invariant: what is built here passes the engine's checks, CRC included; these few bytes are the only
record batch that is not built in Rust. What is read here has passed them.
Neighbours: `snapshot` puts them into its file; `quorum` knows what the records of others mean.
Source: Apache Kafka 4.3.1, `ControlRecordType` and `SnapshotHeaderRecord`.
"""

import struct
from typing import Final, NamedTuple

from logcore.common.errors import CorruptMessageError
from logcore.protocol.internal.raft import SnapshotFooterRecord, SnapshotHeaderRecord
from logcore.protocol.wire import varint

LEADER_CHANGE: Final = 2
SNAPSHOT_HEADER: Final = 3
SNAPSHOT_FOOTER: Final = 4
KRAFT_VERSION: Final = 5
KRAFT_VOTERS: Final = 6

_CONTROL: Final = 1 << 5
_HEADER_BYTES: Final = 61
_CODEC_BITS: Final = 7
_AFTER_CRC: Final = struct.Struct(">hiqqqhii")
_BEFORE_CRC: Final = struct.Struct(">qiibI")
_ATTRIBUTES: Final = struct.Struct(">h")
_COUNT: Final = struct.Struct(">i")
_KEY: Final = struct.Struct(">hh")
_POLYNOMIAL: Final = 0x82F63B78


class ControlRecord(NamedTuple):
    """A record of a control batch.

    Attributes:
        kind: Its type, as its key says.
        value: What it holds, in the encoding of its type.
    """

    kind: int
    value: bytes


def snapshot_header(timestamp_ms: int) -> bytes:
    """Return the batch that a snapshot begins with."""
    record = SnapshotHeaderRecord(version=0, last_contained_log_timestamp=timestamp_ms)
    return control_batch(ControlRecord(SNAPSHOT_HEADER, record.encode_bytes(0)), timestamp_ms)


def snapshot_footer(timestamp_ms: int) -> bytes:
    """Return the batch that a snapshot ends with."""
    value = SnapshotFooterRecord(version=0).encode_bytes(0)
    return control_batch(ControlRecord(SNAPSHOT_FOOTER, value), timestamp_ms)


def is_header(batch: bytes) -> bool:
    """Whether a control batch is a snapshot's first."""
    return _kind(batch) == SNAPSHOT_HEADER


def is_footer(batch: bytes) -> bool:
    """Whether a control batch is a snapshot's last."""
    return _kind(batch) == SNAPSHOT_FOOTER


def _kind(batch: bytes) -> int:
    """Return the type of a batch's first record, -1 if there is none."""
    try:
        return next(iter(control_records(batch)), ControlRecord(-1, b"")).kind
    except CorruptMessageError:
        return -1


def control_records(batch: bytes) -> list[ControlRecord]:
    """Read the records of a control batch, whose CRC was checked.

    Raises:
        CorruptMessageError: If it ends inside of one, or is compressed, which none is.
    """
    try:
        (count,) = _COUNT.unpack_from(batch, _HEADER_BYTES - _COUNT.size)
        (attributes,) = _ATTRIBUTES.unpack_from(batch, 21)
        if attributes & _CODEC_BITS:
            raise CorruptMessageError("a control batch is compressed")
        found, position = [], _HEADER_BYTES
        for _ in range(count):
            record, position = _record(batch, position)
            found.append(record)
    except (struct.error, IndexError) as error:
        raise CorruptMessageError(f"a control batch ends inside of a record: {error}") from None
    return found


def _record(batch: bytes, position: int) -> tuple[ControlRecord, int]:
    length, position = _signed(batch, position)
    end = position + length
    position += 1  # attributes, of which there are none
    _, position = _signed(batch, position)
    _, position = _signed(batch, position)
    key_bytes, position = _signed(batch, position)
    _, kind = _KEY.unpack_from(batch, position)
    position += key_bytes
    value_bytes, position = _signed(batch, position)
    value = batch[position : position + max(value_bytes, 0)]
    if end > len(batch) or len(value) != max(value_bytes, 0):
        raise IndexError(f"{end} of {len(batch)} bytes")
    return ControlRecord(kind, bytes(value)), end


def _signed(batch: bytes, position: int) -> tuple[int, int]:
    """Read a zigzag varint of at most 64 bits; return it and the position behind it."""
    value = shift = 0
    while True:
        byte = batch[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the bit that says more
            return (value >> 1) ^ -(value & 1), position
        shift += 7
        if shift > 63:  # noqa: PLR2004 - ten bytes hold 64 bits
            raise IndexError(f"a varint before {position} has no end")


def control_batch(record: ControlRecord, timestamp_ms: int) -> bytes:
    """Return a batch with one control record; its offset and epoch are 0, outside of the CRC."""
    body = bytes((0, 0, 0, _KEY.size << 1)) + _KEY.pack(0, record.kind)
    body += varint(len(record.value) << 1) + record.value + b"\0"
    encoded = varint(len(body) << 1) + body
    covered = _AFTER_CRC.pack(_CONTROL, 0, timestamp_ms, timestamp_ms, -1, -1, -1, 1) + encoded
    length = _HEADER_BYTES - 12 + len(encoded)
    return _BEFORE_CRC.pack(0, length, 0, 2, crc32c(covered)) + covered


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of a few bytes.

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
