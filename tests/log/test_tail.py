"""Damage behind the last whole batch of a log that is only read."""

import threading
import time

import pytest

from logcore import Log


@pytest.fixture
def closed(tmp_path):
    """Return the file of a closed log's only segment."""
    with Log(tmp_path / "log") as log:
        log.append_batch([b"one", b"two"])
    return tmp_path / "log" / f"{0:020}.log"


def problems(path):
    with Log(path.parent, readonly=True) as log:
        return log.verify().problems


def test_a_closed_log_ends_with_its_last_batch(closed):
    assert problems(closed) == []


def test_zeros_are_no_damage(closed):
    with closed.open("ab") as file:
        file.write(bytes(5000))
    assert problems(closed) == []


@pytest.mark.parametrize("size", [20, 40, 70])
def test_half_a_batch_is_named_with_file_and_byte(closed, size):
    whole = closed.read_bytes()
    with closed.open("ab") as file:
        file.write(whole[:size])
    (problem,) = problems(closed)
    assert problem == (
        f"{closed} at byte {len(whole)}: {size} bytes at the end are not whole batches"
    )


def test_a_damaged_last_batch_is_named(closed):
    data = bytearray(closed.read_bytes())
    data[-1] ^= 1
    closed.write_bytes(data)
    (problem,) = problems(closed)
    assert "at byte 0: corrupt record batch: CRC" in problem


def test_a_write_that_becomes_whole_is_no_damage(tmp_path):
    with Log(tmp_path / "log") as writer:
        writer.append(b"one")
        path = tmp_path / "log" / f"{0:020}.log"
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(size)
            file.write(b"half")

        def finish():
            time.sleep(0.1)
            writer.append(b"two")

        thread = threading.Thread(target=finish)
        thread.start()
        assert problems(path) == []
        thread.join()
