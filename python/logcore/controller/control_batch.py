"""The control batches at both ends of a snapshot: single records that no reader of data sees.

```text
key    i16 version = 0 | i16 type: 3 snapshot header, 4 snapshot footer
value  the record, flexible:  header i16 version | i64 timestamp | tags;  footer i16 version | tags
```
Invariant: what is built here passes the engine's checks, CRC included; these few bytes are the only
record batch that is not built in Rust.
Neighbours: `snapshot` puts them into its file.
Source: Apache Kafka 4.3.1, `ControlRecordType` and `SnapshotHeaderRecord`.
"""

import struct
from typing import Final

from logcore.protocol.internal.raft import SnapshotFooterRecord, SnapshotHeaderRecord

SNAPSHOT_HEADER: Final = 3
SNAPSHOT_FOOTER: Final = 4

_CONTROL: Final = 1 << 5
_HEADER_BYTES: Final = 61
_AFTER_CRC: Final = struct.Struct(">hiqqqhii")
_BEFORE_CRC: Final = struct.Struct(">qiibI")
_KEY: Final = struct.Struct(">hh")
_VARINT_BYTE_MAX: Final = 63
_POLYNOMIAL: Final = 0x82F63B78


def snapshot_header(timestamp_ms: int) -> bytes:
    """Return the batch that a snapshot begins with."""
    record = SnapshotHeaderRecord(version=0, last_contained_log_timestamp=timestamp_ms)
    return _batch(SNAPSHOT_HEADER, record.encode_bytes(0), timestamp_ms)


def snapshot_footer(timestamp_ms: int) -> bytes:
    """Return the batch that a snapshot ends with."""
    return _batch(SNAPSHOT_FOOTER, SnapshotFooterRecord(version=0).encode_bytes(0), timestamp_ms)


def is_header(batch: bytes) -> bool:
    """Whether a control batch is a snapshot's first."""
    return _kind(batch) == SNAPSHOT_HEADER


def is_footer(batch: bytes) -> bool:
    """Whether a control batch is a snapshot's last."""
    return _kind(batch) == SNAPSHOT_FOOTER


def _kind(batch: bytes) -> int:
    """Return the type of a batch that `_batch` made, -1 for another."""
    # The record: length, attributes, timestamp delta, offset delta and key length, a byte each.
    start = _HEADER_BYTES + 5
    key = batch[start : start + _KEY.size]
    return int(_KEY.unpack(key)[1]) if len(key) == _KEY.size else -1


def _batch(kind: int, value: bytes, timestamp_ms: int) -> bytes:
    body = bytes((0, 0, 0, _KEY.size << 1)) + _KEY.pack(0, kind)
    body += bytes((len(value) << 1,)) + value + b"\0"
    assert len(body) <= _VARINT_BYTE_MAX, "lengths above take one byte each"
    record = bytes((len(body) << 1,)) + body
    covered = _AFTER_CRC.pack(_CONTROL, 0, timestamp_ms, timestamp_ms, -1, -1, -1, 1) + record
    length = _HEADER_BYTES - 12 + len(record)
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
