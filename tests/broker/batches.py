"""Record batches for tests, built here bit by bit: a second opinion on the engine's own builder.

Source: Apache Kafka's record batch, version 2, as docs/file_format.md draws it.
"""

import gzip
import struct
from collections.abc import Sequence
from typing import Final

Pair = tuple[bytes | None, bytes | None]


def _table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


TABLE: Final = _table()


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def varint(value: int) -> bytes:
    """Encode a signed number, zigzag."""
    number = (value << 1) ^ (value >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def part(data: bytes | None) -> bytes:
    return varint(-1) if data is None else varint(len(data)) + data


def record(delta: int, key: bytes | None, value: bytes | None, timestamp_delta: int) -> bytes:
    body = b"\0" + varint(timestamp_delta) + varint(delta) + part(key) + part(value) + varint(0)
    return varint(len(body)) + body


def batch(
    pairs: Sequence[Pair | bytes],
    *,
    timestamp: int = 1_700_000_000_000,
    producer: tuple[int, int, int] = (-1, -1, -1),
    attributes: int = 0,
    compressed: bool = False,
    spoil: bool = False,
) -> bytes:
    """Build one batch; a bare value has no key. `producer` is id, epoch and base sequence."""
    whole = [pair if isinstance(pair, tuple) else (None, pair) for pair in pairs]
    records = b"".join(record(delta, *pair, delta) for delta, pair in enumerate(whole))
    if compressed:
        records, attributes = gzip.compress(records), attributes | 1
    count = len(whole)
    last = timestamp + max(0, count - 1)
    checked = (
        struct.pack(">hiqqqhii", attributes, count - 1, timestamp, last, *producer, count) + records
    )
    crc = crc32c(checked) ^ (1 if spoil else 0)
    return struct.pack(">qiibI", 0, 9 + len(checked), -1, 2, crc) + checked
