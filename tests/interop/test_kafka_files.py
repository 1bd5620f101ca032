"""Apache Kafka's dump tool reads every kind of partition directory that the engine writes.

Invariant: no batch, index entry or snapshot of ours draws a complaint, and the records that Kafka
decodes are the ones that were written. Neighbours: `rust/examples/kafka_files.rs` writes them.
"""

import re
import subprocess
from pathlib import Path

import pytest

from tests.peers import kafka

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
BATCHES, RECORDS = 60, 20


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory below which every case was written."""
    directory = tmp_path_factory.mktemp("written")
    command = ["cargo", "run", "--quiet", "--locked", "-p", "logcore", "--example", "kafka_files"]
    subprocess.run([*command, "--", str(directory)], cwd=ROOT, check=True, timeout=600)
    return directory


def files_of(partition: Path) -> list[Path]:
    kinds = (".log", ".index", ".timeindex", ".txnindex", ".snapshot")
    return sorted(path for path in partition.iterdir() if path.suffix in kinds)


def payload_count(report: str) -> int:
    return len(re.findall(r"^\| offset: .* payload: ", report, flags=re.MULTILINE))


@pytest.mark.parametrize("case", [*CODECS, "segments", "transactions"])
def test_every_file_is_sound(written, case):
    files = files_of(written / f"{case}-0")
    report = kafka.dump_log(*files, options=("--deep-iteration", "--print-data-log"))
    assert payload_count(report) == BATCHES * RECORDS
    assert f'"batch":{BATCHES - 1},"record":{RECORDS - 1}' in report


@pytest.mark.parametrize("case", ["none", "segments", "transactions", "compacted"])
def test_every_index_passes_the_sanity_check(written, case):
    indexes = [path for path in files_of(written / f"{case}-0") if path.suffix == ".index"]
    report = kafka.dump_log(*indexes, options=("--index-sanity-check",))
    sound = report.count("passed sanity check") + report.count("is empty.")
    assert sound == len(indexes)


def test_indexes_are_kept_and_several_segments_written(written):
    sizes = {path.name: path.stat().st_size for path in files_of(written / "segments-0")}
    assert sum(name.endswith(".log") for name in sizes) > 3
    assert all(size > 0 for name, size in sizes.items() if name.endswith((".index", ".timeindex")))


def test_a_compacted_log_is_sound_and_keeps_one_record_a_key(written):
    files = files_of(written / "compacted-0")
    report = kafka.dump_log(*files, options=("--deep-iteration", "--print-data-log"))
    kept = re.findall(r"^\| offset: .* key: (\S+)", report, flags=re.MULTILINE)
    assert sorted(kept) == sorted(f"key-{number}" for number in range(37))
    assert f'"batch":{BATCHES - 1},"record":{RECORDS - 1}' in report


def test_transactions_are_told(written):
    files = files_of(written / "transactions-0")
    report = kafka.dump_log(*files, options=("--deep-iteration", "--print-data-log"))
    assert "isTransactional: true" in report
    assert "endTxnMarker: COMMIT" in report
    assert "endTxnMarker: ABORT" in report
    assert any(path.suffix == ".txnindex" for path in files)
    assert "producerId: 1000" in report
