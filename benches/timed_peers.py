"""The contestants that can find a record by its time, each with the index it needs for that.

Invariant: timestamps are milliseconds and do not fall; `offset_for_time` gives the first record at
or after a time. Maintaining the index is not part of any figure.
Neighbours: `peers` holds the stores without times; `test_read_bench` is the user.
"""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from benches.peers import EIGHT, MAP_BYTES


class TimedPeer(ABC):
    """One store of values with timestamps."""

    log: Any

    name: ClassVar[str]

    @abstractmethod
    def __init__(self, directory: Path) -> None:
        """Open the store, new."""

    @abstractmethod
    def append_batch(self, values: Sequence[bytes], times: Sequence[int]) -> None:
        """Append values and their times."""

    @abstractmethod
    def offset_for_time(self, time: int) -> int | None:
        """Return the offset of the first record at or after a time."""

    @abstractmethod
    def close(self) -> None:
        """Close the files."""


class Logcore(TimedPeer):
    name = "logcore"

    def __init__(self, directory: Path) -> None:
        from logcore import Log  # noqa: PLC0415 - a peer is imported by who measures it

        self.log = Log(directory / "log")

    def append_batch(self, values: Sequence[bytes], times: Sequence[int]) -> None:
        self.log.append_batch(values, timestamps=times)

    def offset_for_time(self, time: int) -> int | None:
        offset: int | None = self.log.offset_for_time(time)
        return offset

    def close(self) -> None:
        self.log.close()


class Sqlite(TimedPeer):
    name = "SQLite WAL"

    def __init__(self, directory: Path) -> None:
        self.db = sqlite3.connect(directory / "records.sqlite", isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=OFF")
        self.db.execute("CREATE TABLE records (id INTEGER PRIMARY KEY, time INT, value BLOB)")
        self.db.execute("CREATE INDEX times ON records (time)")

    def append_batch(self, values: Sequence[bytes], times: Sequence[int]) -> None:
        rows = zip(times, values, strict=True)
        self.db.execute("BEGIN")
        self.db.executemany("INSERT INTO records (time, value) VALUES (?, ?)", rows)
        self.db.execute("COMMIT")

    def offset_for_time(self, time: int) -> int | None:
        query = "SELECT id - 1 FROM records WHERE time >= ? ORDER BY time, id LIMIT 1"
        row = self.db.execute(query, (time,)).fetchone()
        return int(row[0]) if row else None

    def close(self) -> None:
        self.db.close()


class Lmdb(TimedPeer):
    name = "LMDB"

    def __init__(self, directory: Path) -> None:
        import lmdb  # noqa: PLC0415 - a peer is imported by who measures it

        self.env = lmdb.open(str(directory), map_size=MAP_BYTES, sync=False, max_dbs=2)
        self.records, self.times = self.env.open_db(b"records"), self.env.open_db(b"times")
        self.end = 0

    def append_batch(self, values: Sequence[bytes], times: Sequence[int]) -> None:
        with self.env.begin(write=True) as transaction:
            for time, value in zip(times, values, strict=True):
                offset = EIGHT.pack(self.end)
                transaction.put(offset, value, db=self.records, append=True)
                transaction.put(EIGHT.pack(time) + offset, b"", db=self.times, append=True)
                self.end += 1

    def offset_for_time(self, time: int) -> int | None:
        with self.env.begin(db=self.times) as transaction:
            cursor = transaction.cursor()
            if not cursor.set_range(EIGHT.pack(time)):
                return None
            (offset,) = EIGHT.unpack(cursor.key()[8:])
            return int(offset)

    def close(self) -> None:
        self.env.close()


TIMED: tuple[type[TimedPeer], ...] = (Logcore, Sqlite, Lmdb)
