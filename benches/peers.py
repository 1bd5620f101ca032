"""The contestants: each store behind one small protocol, set up as its own documents advise.

Invariant: equal terms. A store is opened in a fresh directory of one file system, gets the same
payloads, keeps them in order of arrival under offsets 0, 1, 2..., and with `durable=True` returns
from an append only when the bytes are on the disk; with `durable=False` none of them waits for it.
Neighbours: the benches `test_*_bench.py` drive them; `rounds` takes turns between them.
"""

import os
import sqlite3
import struct
import threading
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

MAP_BYTES = 8 << 30
EIGHT = struct.Struct(">Q")


class Peer(ABC):
    """One store of values in order.

    Args:
        directory: Where its files go; exists.
        durable: Whether an append waits for the disk.
    """

    log: Any
    db: Any
    name: ClassVar[str]
    durable_means: ClassVar[str]
    reads: ClassVar[bool] = True
    group_commit: ClassVar[bool] = False
    """Whether threads may append at once; the others get a lock around append."""

    def __init__(self, directory: Path, *, durable: bool = False) -> None:
        self.directory = directory
        self.durable = durable
        self.end = 0
        self.open()

    @abstractmethod
    def open(self) -> None:
        """Open the files, new or old."""

    @abstractmethod
    def append_batch(self, values: Sequence[bytes]) -> None:
        """Append values as one unit."""

    def append(self, value: bytes) -> None:
        """Append one value."""
        self.append_batch([value])

    def settle(self) -> None:  # noqa: B027 - most hold nothing back
        """Hand what is still in this process to the operating system."""

    def values(self) -> Iterator[bytes]:
        """Yield every value as `bytes`."""
        raise NotImplementedError

    def get(self, offset: int) -> bytes:
        """Return the value at an offset."""
        raise NotImplementedError

    @abstractmethod
    def close(self) -> None:
        """Close the files, so that nothing is lost."""

    def size_bytes(self) -> int:
        """Return what the files occupy on the disk."""
        files = (path for path in self.directory.rglob("*") if path.is_file())
        return sum(path.stat().st_blocks * 512 for path in files)


class Logcore(Peer):
    name = "logcore"
    durable_means = "fdatasync of each batch (durability='batch'); threads: 'group'"
    group_commit = True
    settings: ClassVar[dict[str, Any]] = {}

    def open(self) -> None:
        from logcore import Log  # noqa: PLC0415 - a peer is imported by who measures it

        settings = {"durability": "batch" if self.durable else "os"} | self.settings
        self.log = Log(self.directory / "log", **settings)

    def append(self, value: bytes) -> None:
        self.log.append(value)

    def append_batch(self, values: Sequence[bytes]) -> None:
        self.log.append_batch(values)

    def values(self) -> Iterator[bytes]:
        values: Iterator[bytes] = self.log.values()
        return values

    def get(self, offset: int) -> bytes:
        value: bytes = self.log.read_values(offset, 1)[0]
        return value

    def close(self) -> None:
        self.log.close()


class LogcoreLinger(Logcore):
    name = "logcore, linger 5 ms"
    settings: ClassVar[dict[str, Any]] = {"linger_ms": 5}

    def settle(self) -> None:
        self.log.read(self.log.end_offset - 1, 1)


class LogcorePreallocated(Logcore):
    name = "logcore, preallocate"
    settings: ClassVar[dict[str, Any]] = {"preallocate": True, "segment_bytes": 64 << 20}


class LogcoreGroup(Logcore):
    name = "logcore, group"
    settings: ClassVar[dict[str, Any]] = {"durability": "group"}


class RawFile(Peer):
    """The bytes and nothing else: no lengths, no checksums; the ceiling, not a store."""

    name = "raw file"
    durable_means = "os.write, os.fdatasync"
    reads = False

    def open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.descriptor = os.open(self.directory / "raw", flags, 0o644)

    def append(self, value: bytes) -> None:
        os.write(self.descriptor, value)
        if self.durable:
            os.fdatasync(self.descriptor)

    def append_batch(self, values: Sequence[bytes]) -> None:
        self.append(b"".join(values))

    def close(self) -> None:
        os.close(self.descriptor)


class PythonFile(Peer):
    """What one writes in an hour: length, CRC-32, bytes; offsets by an index in memory."""

    name = "Python file + CRC"
    durable_means = "flush, os.fdatasync"
    head = struct.Struct(">II")

    def open(self) -> None:
        self.file = (self.directory / "records").open("ab+", buffering=1 << 16)
        self.positions: list[int] = []
        if self.file.tell():
            self.positions = [position for position, _ in self._frames()]

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        with (self.directory / "records").open("rb", buffering=1 << 20) as file:
            position = 0
            while head := file.read(8):
                size, crc = self.head.unpack(head)
                value = file.read(size)
                if zlib.crc32(value) != crc:
                    raise ValueError(f"bad CRC at {position}")
                yield position, value
                position += 8 + size

    def append_batch(self, values: Sequence[bytes]) -> None:
        pack, crc32, note = self.head.pack, zlib.crc32, self.positions.append
        position = self.file.tell()
        parts: list[bytes] = []
        for value in values:
            note(position)
            parts += (pack(len(value), crc32(value)), value)
            position += 8 + len(value)
        self.file.write(b"".join(parts))
        if self.durable:
            self.file.flush()
            os.fdatasync(self.file.fileno())

    def settle(self) -> None:
        self.file.flush()

    def values(self) -> Iterator[bytes]:
        self.file.flush()
        return (value for _, value in self._frames())

    def get(self, offset: int) -> bytes:
        head = os.pread(self.file.fileno(), 8, self.positions[offset])
        size, crc = self.head.unpack(head)
        value = os.pread(self.file.fileno(), size, self.positions[offset] + 8)
        if zlib.crc32(value) != crc:
            raise ValueError("bad CRC")
        return value

    def close(self) -> None:
        self.file.close()


class Sqlite(Peer):
    name = "SQLite WAL"
    durable_means = "journal_mode=WAL, synchronous=FULL"

    def open(self) -> None:
        path = self.directory / "records.sqlite"
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute(f"PRAGMA synchronous={'FULL' if self.durable else 'OFF'}")
        self.db.execute("CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, value BLOB)")

    def append(self, value: bytes) -> None:
        self.db.execute("INSERT INTO records (value) VALUES (?)", (value,))

    def append_batch(self, values: Sequence[bytes]) -> None:
        self.db.execute("BEGIN")
        self.db.executemany("INSERT INTO records (value) VALUES (?)", zip(values))
        self.db.execute("COMMIT")

    def values(self) -> Iterator[bytes]:
        return (row[0] for row in self.db.execute("SELECT value FROM records ORDER BY id"))

    def get(self, offset: int) -> bytes:
        found = self.db.execute("SELECT value FROM records WHERE id = ?", (offset + 1,))
        value: bytes = found.fetchone()[0]
        return value

    def close(self) -> None:
        self.db.close()


class Lmdb(Peer):
    name = "LMDB"
    durable_means = "sync=True: fdatasync of each transaction"

    def open(self) -> None:
        import lmdb  # noqa: PLC0415 - a peer is imported by who measures it

        self.env = lmdb.open(str(self.directory), map_size=MAP_BYTES, sync=self.durable)
        self.end = self.env.stat()["entries"]

    def append_batch(self, values: Sequence[bytes]) -> None:
        pack = EIGHT.pack
        with self.env.begin(write=True) as transaction:
            items = [(pack(self.end + i), value) for i, value in enumerate(values)]
            transaction.cursor().putmulti(items, append=True)
        self.end += len(values)

    def values(self) -> Iterator[bytes]:
        with self.env.begin() as transaction:
            yield from transaction.cursor().iternext(keys=False, values=True)

    def get(self, offset: int) -> bytes:
        with self.env.begin() as transaction:
            value = transaction.get(EIGHT.pack(offset))
            assert value is not None
            return bytes(value)

    def close(self) -> None:
        self.env.close()


class RocksDb(Peer):
    name = "RocksDB"
    durable_means = "WriteOptions.sync"
    group_commit = True

    def open(self) -> None:
        import rocksdict  # noqa: PLC0415 - a peer is imported by who measures it

        self.batch = rocksdict.WriteBatch
        self.db = rocksdict.Rdict(str(self.directory), rocksdict.Options(raw_mode=True))
        options = rocksdict.WriteOptions()
        options.sync = self.durable
        self.db.set_write_options(options)
        self.lock = threading.Lock()
        last = self.db.iter()
        last.seek_to_last()
        self.end = EIGHT.unpack(last.key())[0] + 1 if last.valid() else 0

    def append(self, value: bytes) -> None:
        with self.lock:  # the number only; RocksDB joins the writes of threads itself
            offset, self.end = self.end, self.end + 1
        self.db.put(EIGHT.pack(offset), value)

    def append_batch(self, values: Sequence[bytes]) -> None:
        with self.lock:
            first, self.end = self.end, self.end + len(values)
        batch, pack = self.batch(raw_mode=True), EIGHT.pack
        for i, value in enumerate(values, first):
            batch.put(pack(i), value)
        self.db.write(batch)

    def values(self) -> Iterator[bytes]:
        values: Iterator[bytes] = self.db.values()
        return values

    def get(self, offset: int) -> bytes:
        value: bytes = self.db[EIGHT.pack(offset)]
        return value

    def close(self) -> None:
        self.db.close()


class DuckDb(Peer):
    name = "DuckDB"
    durable_means = "its own: fsync of the WAL at each commit; cannot be turned off"

    def open(self) -> None:
        import duckdb  # noqa: PLC0415 - a peer is imported by who measures it

        self.db = duckdb.connect(str(self.directory / "records.duckdb"))
        self.db.execute("CREATE TABLE IF NOT EXISTS records (id BIGINT, value BLOB)")
        self.end = self.db.execute("SELECT count(*) FROM records").fetchall()[0][0]

    def append(self, value: bytes) -> None:
        self.db.execute("INSERT INTO records VALUES (?, ?)", (self.end, value))
        self.end += 1

    def append_batch(self, values: Sequence[bytes]) -> None:
        import pyarrow as pa  # noqa: PLC0415 - the fastest way in that DuckDB offers Python

        ids = range(self.end, self.end + len(values))
        rows = pa.table({"id": pa.array(ids, pa.int64()), "value": pa.array(values, pa.binary())})
        self.db.register("rows", rows)
        self.db.execute("INSERT INTO records SELECT * FROM rows")
        self.end += len(values)

    def values(self) -> Iterator[bytes]:
        found = self.db.execute("SELECT value FROM records ORDER BY id")
        while rows := found.fetchmany(10_000):
            for (value,) in rows:
                yield value

    def get(self, offset: int) -> bytes:
        found = self.db.execute("SELECT value FROM records WHERE id = ?", (offset,))
        value: bytes = found.fetchall()[0][0]
        return value

    def close(self) -> None:
        self.db.close()


STORES: tuple[type[Peer], ...] = (Logcore, PythonFile, Sqlite, Lmdb, RocksDb, DuckDb)
"""What keeps records and gives them back."""

WRITERS: tuple[type[Peer], ...] = (*STORES, RawFile)
