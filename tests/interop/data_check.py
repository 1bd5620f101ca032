"""What a broker left on disk, read by Apache Kafka's own dump tool.

Invariant: every file of every partition is looked at, deeply, and one complaint fails the check.
Neighbours: `tests.peers.kafka.dump_log` calls the tool and knows what a complaint is.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.peers import kafka

AT_ONCE: Final = 400
"""Files on one command line; their names together must stay below what one argument may have."""
PARTITION_FILES: Final = {".log", ".index", ".timeindex", ".txnindex", ".snapshot"}
METADATA: Final = "__cluster_metadata-0"


def partitions_of(log_dir: Path) -> list[Path]:
    """Return the partition directories of a stopped broker, without those marked as deleted."""
    return sorted(
        path
        for path in log_dir.iterdir()
        if path.is_dir() and path.name.rpartition("-")[2].isdecimal()
    )


def files_of(partitions: Sequence[Path]) -> list[Path]:
    """Return the files of partitions that the dump tool can read."""
    return [
        path
        for partition in partitions
        for path in sorted(partition.iterdir())
        if path.suffix in PARTITION_FILES and path.stem.isdecimal()
    ]


def check_data(log_dir: Path) -> str:
    """Have Kafka's dump tool read everything a stopped broker keeps; returns what was read.

    Raises:
        RuntimeError: If the tool fails or complains of a file.
    """
    partitions = partitions_of(log_dir)
    data = files_of([path for path in partitions if path.name != METADATA])
    metadata = [path for path in files_of([log_dir / METADATA]) if path.suffix == ".log"]
    for files in batched_names(data):
        kafka.dump_log(*files, options=("--deep-iteration",))
    for files in batched_names([path for path in data if path.suffix == ".index"]):
        kafka.dump_log(*files, options=("--index-sanity-check",))
    decoded(metadata, "--cluster-metadata-decoder")
    offsets = [path for path in data if path.parent.name.startswith("__consumer_offsets-")]
    decoded([path for path in offsets if path.suffix == ".log"], "--offsets-decoder")
    return f"{len(partitions):,} partitions, {len(data) + len(metadata):,} files"


def decoded(files: Sequence[Path], decoder: str) -> None:
    """Have the tool decode the records of an internal topic by Kafka's own schemas."""
    for some in batched_names([path for path in files if path.stat().st_size > 0]):
        kafka.dump_log(*some, options=("--deep-iteration", "--print-data-log", decoder))


def batched_names(files: Sequence[Path]) -> Iterator[Sequence[Path]]:
    """Yield files in portions that fit a command line."""
    for position in range(0, len(files), AT_ONCE):
        yield files[position : position + AT_ONCE]
