"""Record batches made by hand, as a producer makes them: an encoder that owes ours nothing."""

import gzip
import struct

HEADER_BYTES = 61


def _crc_table():
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


_TABLE = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def varint(number):
    raw = (number << 1) ^ (number >> 63)
    raw &= (1 << 64) - 1
    out = bytearray()
    while raw >= 0x80:
        out.append(raw & 0x7F | 0x80)
        raw >>= 7
    out.append(raw)
    return bytes(out)


def field(data):
    return varint(-1) if data is None else varint(len(data)) + data


def record(delta, key, value):
    body = b"\0" + varint(0) + varint(delta) + field(key) + field(value) + varint(0)
    return varint(len(body)) + body


def batch(*values, keys=None, producer=(-1, -1, -1), attributes=0, timestamp=1000):
    """Return a batch of base offset 0; `producer` is id, epoch and first sequence."""
    keys = keys or [None] * len(values)
    pairs = enumerate(zip(keys, values, strict=True))
    records = b"".join(record(delta, key, value) for delta, (key, value) in pairs)
    if attributes & 7 == 1:
        records = gzip.compress(records)
    covered = struct.pack(
        ">hiqqqhii",
        attributes,
        len(values) - 1,
        timestamp,
        timestamp,
        producer[0],
        producer[1],
        producer[2],
        len(values),
    )
    covered += records
    length = len(covered) + 9
    return struct.pack(">qiibI", 0, length, -1, 2, crc32c(covered)) + covered


def base_offsets(data):
    """Return the base offset of every whole batch."""
    found, position, data = [], 0, bytes(data)
    while position + 12 <= len(data):
        base, length = struct.unpack_from(">qi", data, position)
        found.append(base)
        position += 12 + length
    return found
