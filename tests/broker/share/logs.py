"""Views of logs for tests: headers of batches, with as many bytes of records as one likes."""

import struct
from collections.abc import Iterable
from typing import Any

from logcore.broker.share.acquiring import Wish
from logcore.broker.share.log_batches import LogBatches
from logcore.broker.share.settings import ShareSettings

SETTINGS = ShareSettings(
    lock_ms=1_000,
    delivery_count_limit=5,
    record_locks=2_000,
    renews=True,
    is_committed=False,
    reset="earliest",
)
COMMIT, ABORT = 1, 0
TRANSACTIONAL, CONTROL = 0x10, 0x20


def header(
    base: int, last: int, *, attributes: int = 0, producer_id: int = -1, records: bytes = b"r"
) -> bytes:
    """Make a batch whose header is right and whose records nobody reads."""
    checked = struct.pack(
        ">hiqqqhii", attributes, last - base, 0, 0, producer_id, 0, 0, last - base + 1
    )
    body = checked + records
    return struct.pack(">qiibI", base, 9 + len(body), 0, 2, 0) + body


def marker(base: int, producer_id: int, kind: int) -> bytes:
    """Make the batch that ends a transaction."""
    key = struct.pack(">hh", 0, kind)
    record = b"\0\0\0" + bytes([2 * len(key)]) + key + b"\1\0"
    return header(
        base,
        base,
        attributes=TRANSACTIONAL | CONTROL,
        producer_id=producer_id,
        records=bytes([2 * len(record)]) + record,
    )


def batches(*ranges: tuple[int, int]) -> LogBatches:
    """Make batches of plain records, by first and last offset."""
    return whole(header(first, last) for first, last in ranges)


def whole(parts: Iterable[bytes]) -> LogBatches:
    return LogBatches(memoryview(b"".join(parts)))


def wish(member: str = "m", records: int = 500, **options: Any) -> Wish:
    """Ask for records."""
    told: dict[str, Any] = {
        "batch_size": 500,
        "is_record_limit": False,
        "now_ms": 0,
        "settings": SETTINGS,
    }
    return Wish(member=member, max_records=records, **(told | options))
