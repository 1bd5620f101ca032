"""Snapshots come back as they were written; damage is noticed."""

import contextlib

import pytest

from logcore.common.errors import LogcoreError, LogCorruptError
from logcore.controller import snapshot
from logcore.controller.snapshot import SnapshotId
from tests.controller.building import image, topic

FULL = image(
    [topic("t", 3), topic("u", number=2)],
    configs={(2, "t"): {"retention.ms": "5"}, (4, ""): {"log.retention.ms": "7"}},
    offset=41,
    epoch=3,
    next_producer_id=2000,
)
NAME = "00000000000000000042-0000000003.checkpoint"


def names(directory):
    return [path.name for path in directory.iterdir()]


def test_a_snapshot_is_read_as_it_was_written(tmp_path):
    made = snapshot.write(tmp_path, FULL, 1_700_000_000_000)
    assert made == SnapshotId(42, 3)
    assert names(tmp_path) == [NAME]
    assert snapshot.read(tmp_path, made) == FULL
    assert names(tmp_path) == [NAME]


def test_many_records_become_many_batches(tmp_path):
    large = image([topic("t", 12_000)], offset=1, epoch=1)
    made = snapshot.write(tmp_path, large, 0)
    assert snapshot.read(tmp_path, made) == large


def test_an_empty_image_can_be_kept(tmp_path):
    empty = image(brokers=[], features={}, offset=0, epoch=1)
    assert snapshot.read(tmp_path, snapshot.write(tmp_path, empty, 0)) == empty


def test_every_batch_carries_the_epoch(tmp_path):
    made = snapshot.write(tmp_path, FULL, 0)
    data = (tmp_path / made.file_name).read_bytes()
    epochs, position = [], 0
    while position < len(data):
        epochs.append(int.from_bytes(data[position + 12 : position + 16], "big"))
        position += 12 + int.from_bytes(data[position + 8 : position + 12], "big")
    assert epochs == [3, 3, 3]
    assert position == len(data)


def test_snapshots_are_found_newest_first_and_nothing_else_is(tmp_path):
    present = ["00000000000000000007-0000000002.checkpoint", NAME, "00000000000000000042.snapshot"]
    for name in [*present, "7-2.checkpoint", NAME + ".part", NAME + ".deleted", "leader-epoch"]:
        (tmp_path / name).touch()
    assert snapshot.find(tmp_path) == [SnapshotId(42, 3), SnapshotId(7, 2)]
    assert snapshot.find(tmp_path / "absent") == []


def test_older_ones_are_removed(tmp_path):
    for name in (SnapshotId(7, 2), SnapshotId(42, 3), SnapshotId(42, 4)):
        (tmp_path / name.file_name).touch()
    snapshot.remove_before(tmp_path, SnapshotId(42, 3))
    assert snapshot.find(tmp_path) == [SnapshotId(42, 4), SnapshotId(42, 3)]


def test_what_a_kill_left_goes_and_the_rest_stays(tmp_path):
    made = snapshot.write(tmp_path, FULL, 0)
    left = tmp_path / (SnapshotId(50, 3).file_name + ".part")
    left.mkdir()
    (left / "00000000000000000000.log").write_bytes(b"half")
    snapshot.remove_unfinished(tmp_path)
    assert names(tmp_path) == [made.file_name]


def test_writing_over_what_a_kill_left(tmp_path):
    left = tmp_path / (NAME + ".part")
    left.mkdir()
    (left / "00000000000000000000.log").write_bytes(b"half")
    assert snapshot.read(tmp_path, snapshot.write(tmp_path, FULL, 0)) == FULL


@pytest.fixture
def written(tmp_path):
    made = snapshot.write(tmp_path, FULL, 0)
    return tmp_path / made.file_name


def test_every_cut_is_noticed(tmp_path, written):
    whole = written.read_bytes()
    for size in range(0, len(whole), 7):
        written.write_bytes(whole[:size])
        with pytest.raises(LogcoreError):
            snapshot.read(tmp_path, SnapshotId(42, 3))


def test_every_flipped_byte_is_noticed_or_harmless(tmp_path, written):
    whole = written.read_bytes()
    for position in range(0, len(whole), 5):
        damaged = bytearray(whole)
        damaged[position] ^= 0x40
        written.write_bytes(damaged)
        with contextlib.suppress(LogcoreError):
            # Base offsets and leader epochs are outside of the CRC, and nobody reads them here.
            assert snapshot.read(tmp_path, SnapshotId(42, 3)) == FULL


def test_a_missing_header_is_noticed(tmp_path, written):
    whole = written.read_bytes()
    first = 12 + int.from_bytes(whole[8:12], "big")
    written.write_bytes(whole[first:])
    with pytest.raises(LogcoreError):
        snapshot.read(tmp_path, SnapshotId(42, 3))


def test_the_error_names_the_file(tmp_path, written):
    written.write_bytes(b"")
    with pytest.raises(LogCorruptError) as caught:
        snapshot.read(tmp_path, SnapshotId(42, 3))
    assert caught.value.path == str(written)
