"""Record batches that a producer must not send, each with the code that Apache Kafka answers.

The codes are Kafka's by experiment: `test_produce` sends every case to a logcore and, where Kafka
is at hand, to an Apache Kafka 4.3.1 too. What Kafka answers otherwise, on purpose, is `OTHERWISE`.
Invariant: the CRC is right unless it is what is wrong.
Neighbours: `tests.broker.batches` builds the good ones.
"""

import gzip
import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import Final

from tests.broker.batches import batch, crc32c, record, varint

CORRUPT_MESSAGE: Final = 2
MESSAGE_TOO_LARGE: Final = 10
INVALID_TIMESTAMP: Final = 32
UNSUPPORTED_FOR_MESSAGE_FORMAT: Final = 43
OUT_OF_ORDER_SEQUENCE_NUMBER: Final = 45
INVALID_PRODUCER_EPOCH: Final = 47
UNSUPPORTED_COMPRESSION_TYPE: Final = 76
INVALID_RECORD: Final = 87

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
TIMESTAMP: Final = 1_700_000_000_000
HEADER: Final = struct.Struct(">qiibIhiqqqhii")
_FIELDS: Final = (
    "base_offset", "length", "leader_epoch", "magic", "crc", "attributes", "last_offset_delta",
    "first_timestamp", "max_timestamp", "producer_id", "producer_epoch", "base_sequence", "count",
)  # fmt: skip
_CHECKED_FROM: Final = 21
_LENGTH_FROM: Final = 12


def checksum(data: bytes) -> int:
    """CRC-32C of much data: by the package where it is installed, which a dev environment has."""
    if len(data) < 1 << 16:
        return crc32c(data)
    from crc32c import crc32c as quick  # noqa: PLC0415 - only for what would take long

    return int(quick(data))


def built(body: bytes, **fields: int) -> bytes:
    """Build a batch around the bytes of its records; any field of the header may lie."""
    values = {
        "base_offset": 0,
        "length": HEADER.size + len(body) - _LENGTH_FROM,
        "leader_epoch": -1,
        "magic": 2,
        "crc": 0,
        "attributes": 0,
        "last_offset_delta": 0,
        "first_timestamp": TIMESTAMP,
        "max_timestamp": TIMESTAMP,
        "producer_id": -1,
        "producer_epoch": -1,
        "base_sequence": -1,
        "count": 1,
    } | fields
    packed = bytearray(HEADER.pack(*(values[name] for name in _FIELDS)) + body)
    if "crc" not in fields:
        struct.pack_into(">I", packed, 17, checksum(bytes(packed[_CHECKED_FROM:])))
    return bytes(packed)


def one(value: bytes = b"v", delta: int = 0, timestamp_delta: int = 0) -> bytes:
    return record(delta, b"k", value, timestamp_delta)


def raw(body: bytes) -> bytes:
    return varint(len(body)) + body


def message_set(magic: int) -> bytes:
    """A message of before 0.11, magic 0 or 1."""
    timestamp = struct.pack(">q", TIMESTAMP) if magic else b""
    checked = bytes([magic, 0]) + timestamp + struct.pack(">i", -1) + struct.pack(">i", 1) + b"v"
    message = struct.pack(">I", zlib.crc32(checked)) + checked
    return struct.pack(">qi", 0, len(message)) + message


def start_of(size: int) -> bytes:
    """How one record begins whose value is so many zeros; one zero more ends it."""
    head = b"\0" + varint(0) + varint(0) + varint(-1) + varint(size)
    return varint(len(head) + size + 1) + head


def gzip_of(size: int) -> bytes:
    return gzip.compress(start_of(size) + bytes(size + 1), 9)


def snappy_of(size: int, *, xerial: bool) -> bytes:
    """The record as a stream that is about 21 times shorter: copies of the byte before."""
    start = start_of(size) + b"\0"
    block = bytearray()
    left = len(start) + size
    while left > 0x7F:
        block.append(left & 0x7F | 0x80)
        left >>= 7
    block += bytes([left, (len(start) - 1) << 2]) + start
    whole, rest = divmod(size, 64)
    block += b"\xfe\x01\x00" * whole
    if rest:
        block += bytes([(rest - 1) << 2 | 2, 1, 0])
    if not xerial:
        return bytes(block)
    return b"\x82SNAPPY\0" + struct.pack(">iii", 1, 1, len(block)) + bytes(block)


def lz4_of(size: int) -> bytes:
    """The record as an LZ4 frame of blocks of 4 MiB, the most that the format allows."""
    descriptor = bytes([0x60, 0x70])
    frame = b"\x04\x22\x4d\x18" + descriptor + bytes([_xxh32(descriptor) >> 8 & 0xFF])
    start, left = start_of(size) + b"\0", size
    while left:
        taken = min(left, (4 << 20) - len(start))
        frame += _lz4_block(start, taken)
        start, left = b"\0", left - taken
        left -= 1 if left else 0  # the zero that the next block starts with
    return frame + struct.pack("<I", 0)


def _lz4_block(start: bytes, zeros: int) -> bytes:
    """A literal that ends in a zero, so many zeros more as one match, the last five as they are."""
    if zeros < 64:
        return struct.pack("<I", len(start) + zeros | 1 << 31) + start + bytes(zeros)
    extra, last = divmod(zeros - 5 - 4 - 15, 255)
    more = bytes([len(start) - 15]) if len(start) >= 15 else b""
    literals = bytes([min(len(start), 15) << 4 | 0x0F]) + more + start
    block = literals + b"\x01\0" + b"\xff" * extra + bytes([last, 0x50]) + bytes(5)
    return struct.pack("<I", len(block)) + block


def _xxh32(data: bytes) -> int:
    """XXH32 of fewer than 16 bytes, seed 0."""
    prime_1, prime_2, prime_3, prime_5 = 2654435761, 2246822519, 3266489917, 374761393
    mask = 0xFFFFFFFF
    value = (prime_5 + len(data)) & mask
    for byte in data:
        value = (value + byte * prime_5) & mask
        value = ((value << 11 | value >> 21) & mask) * prime_1 & mask
    value = (value ^ value >> 15) * prime_2 & mask
    value = (value ^ value >> 13) * prime_3 & mask
    return value ^ value >> 16


def zstd_of(size: int) -> bytes:
    """The record as a zstd frame: four bytes for each 128 KiB of zeros."""
    start, block = start_of(size), 128 << 10
    frame = b"\x28\xb5\x2f\xfd\x00\x38"  # no content size, a window of 128 KiB
    frame += (len(start) << 3).to_bytes(3, "little") + start
    whole, rest = divmod(size, block)
    frame += ((1 << 1 | block << 3).to_bytes(3, "little") + b"\0") * whole
    return frame + (1 | 1 << 1 | (rest + 1) << 3).to_bytes(3, "little") + b"\0"


BOMBS: Final[dict[str, tuple[int, Callable[[int], bytes]]]] = {
    "gzip": (GZIP, gzip_of),
    "snappy as one block": (SNAPPY, partial(snappy_of, xerial=False)),
    "snappy as Kafka frames it": (SNAPPY, partial(snappy_of, xerial=True)),
    "lz4": (LZ4, lz4_of),
    "zstd": (ZSTD, zstd_of),
}


def bomb(name: str, size: int) -> bytes:
    """A batch of one record whose value is so many zeros, as small as the codec makes it."""
    codec, body_of = BOMBS[name]
    return built(body_of(size), attributes=codec)


CASES: Final[dict[str, tuple[bytes | None, int]]] = {
    "no records": (None, INVALID_RECORD),
    "empty records": (b"", INVALID_RECORD),
    "a few bytes": (b"\0" * 11, INVALID_RECORD),
    "a length and no more": (b"\0" * 12, CORRUPT_MESSAGE),
    "noise": (bytes(range(256)), CORRUPT_MESSAGE),
    "a wrong CRC": (built(one(), crc=1), CORRUPT_MESSAGE),
    "cut off by a byte": (built(one())[:-1], INVALID_RECORD),
    "cut off in the header": (built(one())[:40], INVALID_RECORD),
    "a byte too many": (built(one()) + b"\0", INVALID_RECORD),
    "a length below the header's": (built(one(), length=20), CORRUPT_MESSAGE),
    "a length of nothing": (built(one(), length=0), CORRUPT_MESSAGE),
    "a length below zero": (built(one(), length=-1), CORRUPT_MESSAGE),
    "the least length": (built(one(), length=-(2**31)), CORRUPT_MESSAGE),
    "the largest length": (built(one(), length=2**31 - 1), INVALID_RECORD),
    "a length that is one too small": (
        built(one(), length=HEADER.size + len(one()) - _LENGTH_FROM - 1),
        CORRUPT_MESSAGE,
    ),
    "two batches": (built(one()) + built(one()), INVALID_RECORD),
    "two batches, one cut off": (built(one()) + built(one())[:-3], INVALID_RECORD),
    "magic 0": (message_set(0), INVALID_RECORD),
    "magic 1": (message_set(1), INVALID_RECORD),
    "magic 3": (built(one(), magic=3), CORRUPT_MESSAGE),
    "magic below zero": (built(one(), magic=-1), CORRUPT_MESSAGE),
    "a control batch": (built(one(), attributes=0x20), INVALID_RECORD),
    "no records in the batch": (built(b"", count=0), INVALID_RECORD),
    "no records over no offsets": (
        built(b"", count=0, last_offset_delta=-1),
        INVALID_RECORD,
    ),
    "a count below zero": (built(one(), count=-1), INVALID_RECORD),
    "the least count": (built(one(), count=-(2**31)), INVALID_RECORD),
    "the largest count": (
        built(one(), count=2**31 - 1, last_offset_delta=2**31 - 2),
        INVALID_RECORD,
    ),
    "a count that is too large": (built(one(), count=2, last_offset_delta=1), INVALID_RECORD),
    "a count that is too small": (built(one() + one(delta=1)), INVALID_RECORD),
    "fewer offsets than records": (built(one() + one(delta=1), count=2), INVALID_RECORD),
    "more offsets than records": (built(one(), last_offset_delta=9), INVALID_RECORD),
    "offsets that jump": (
        built(one() + one(delta=5), count=2, last_offset_delta=1),
        INVALID_RECORD,
    ),
    "offsets below zero": (built(one(delta=-1)), INVALID_RECORD),
    "a base offset": (built(one(), base_offset=5), INVALID_RECORD),
    "a record longer than the batch": (built(varint(1000) + b"\0" * 20), INVALID_RECORD),
    "a record of a length below zero": (built(varint(-5) + b"\0" * 20), INVALID_RECORD),
    "a record that is too short": (built(raw(b"\0")), INVALID_RECORD),
    "a key longer than the record": (
        built(raw(b"\0" + varint(0) + varint(0) + varint(5000) + b"k")),
        INVALID_RECORD,
    ),
    "a value of a length below null's": (
        built(raw(b"\0" + varint(0) + varint(0) + varint(-1) + varint(-7) + varint(0))),
        INVALID_RECORD,
    ),
    "headers below zero": (
        built(raw(b"\0" + varint(0) + varint(0) + varint(-1) + varint(-1) + varint(-1))),
        INVALID_RECORD,
    ),
    "a billion headers": (
        built(raw(b"\0" + varint(0) + varint(0) + varint(-1) + varint(-1) + varint(10**9))),
        INVALID_RECORD,
    ),
    "a header without a key": (
        built(
            raw(
                b"\0"
                + varint(0)
                + varint(0)
                + varint(-1)
                + varint(-1)
                + varint(1)
                + varint(-1)
                + varint(-1)
            )
        ),
        INVALID_RECORD,
    ),
    "bytes after the last record": (built(one() + b"\0\0\0"), INVALID_RECORD),
    "a varint without an end": (built(b"\xff" * 12), INVALID_RECORD),
    "a codec that nobody knows": (built(one(), attributes=5), UNSUPPORTED_COMPRESSION_TYPE),
    "gzip that is none": (built(one(), attributes=GZIP), INVALID_RECORD),
    "snappy that is none": (built(b"\xff" * 30, attributes=SNAPPY), INVALID_RECORD),
    "lz4 that is none": (built(one(), attributes=LZ4), INVALID_RECORD),
    "zstd that is none": (built(one(), attributes=ZSTD), INVALID_RECORD),
    "gzip cut off": (built(gzip.compress(one())[:-12], attributes=GZIP), INVALID_RECORD),
    "a sequence below zero": (built(one(), producer_id=5, producer_epoch=0), INVALID_RECORD),
    "an epoch below zero": (
        built(one(), producer_id=7, producer_epoch=-1, base_sequence=0),
        0,
    ),
    "a sequence that does not begin with 0": (
        built(one(), producer_id=6, producer_epoch=0, base_sequence=3),
        0,
    ),
    "log append time by the producer": (built(one(), attributes=0x08), INVALID_TIMESTAMP),
    "a batch that is too large": (built(one(b"x" * 1_100_000)), MESSAGE_TOO_LARGE),
}
"""What is sent, and the code that comes back."""

UNKNOWN_SERVER_ERROR: Final = -1
OTHERWISE: Final[dict[str, int | None]] = {
    "no records": None,  # it does not answer at all
    "the largest length": UNKNOWN_SERVER_ERROR,
    "a byte too many": 0,  # dropped without a word, as is
    "two batches, one cut off": 0,  # the second batch of these
    "offsets that jump": 0,  # stored, and readers stumble over
    "offsets below zero": 0,
    "a value of a length below null's": 0,
    "a varint without an end": UNKNOWN_SERVER_ERROR,
    "a codec that nobody knows": UNKNOWN_SERVER_ERROR,
    "gzip that is none": UNKNOWN_SERVER_ERROR,
    "snappy that is none": UNKNOWN_SERVER_ERROR,
    "lz4 that is none": UNKNOWN_SERVER_ERROR,
    "zstd that is none": UNKNOWN_SERVER_ERROR,
    "gzip cut off": UNKNOWN_SERVER_ERROR,
    "log append time by the producer": 0,
}
"""What Apache Kafka 4.3.1 answers where logcore is stricter, or has an answer that says more."""

GOOD: Final = batch([b"good"])
