"""Record batches for the tests of logs, of the parts that the broker's tests build by hand."""

import gzip
import struct

from tests.broker.batches import crc32c, record

HEADER_BYTES = 61


def batch(*values, keys=None, producer=(-1, -1, -1), attributes=0, timestamp=1000):
    """Return a batch of base offset 0; `producer` is id, epoch and first sequence."""
    keys = keys or [None] * len(values)
    pairs = enumerate(zip(keys, values, strict=True))
    records = b"".join(record(delta, key, value, 0) for delta, (key, value) in pairs)
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
