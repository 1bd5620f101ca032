"""SIGKILL at random moments: every acknowledged record is there after reopening.

Invariant: the checker knows what was acknowledged only from the writer's pipe, as any client would.
Neighbours: `writer.py` is the process that is killed; the crash images of `rust/tests/crash.rs`
cover power cuts, which SIGKILL cannot.
"""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from logcore import Log
from tests.crash.writer import SEGMENT_BYTES, value_of

KILLS = 8
WRITER = Path(__file__).with_name("writer.py")


def kill_once(path: Path, durability: str, seed: int, after_s: float) -> list[range]:
    """Start a writer, kill it, and return the ranges of offsets that it reported."""
    command = [sys.executable, str(WRITER), str(path), durability, str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        opened = writer.stdout.readline()
        assert opened, "the writer did not open the log"
        time.sleep(after_s)
        writer.send_signal(signal.SIGKILL)
        lines = [opened, *writer.stdout.read().splitlines(keepends=True)]
    whole = [line.split() for line in lines if line.endswith(b"\n")]
    return [range(int(first), int(end)) for first, end in whole]


@pytest.mark.parametrize("durability", ["os", "batch", "group"])
def test_no_acknowledged_record_is_lost(tmp_path: Path, durability: str) -> None:
    path = tmp_path / "log"
    first_seed = random.SystemRandom().randrange(1 << 30)
    expected: dict[int, bytes] = {}
    for seed in range(first_seed, first_seed + KILLS):
        after_s = random.Random(seed).uniform(0.0, 0.25)
        print(f"durability {durability}, seed {seed}, killed after {after_s:.3f} s")  # noqa: T201
        for offsets in kill_once(path, durability, seed, after_s):
            for offset in offsets:
                shared = f"{seed} shared".encode()
                expected[offset] = shared if durability == "group" else value_of(seed, offset)
        with Log(path, readonly=True) as log:
            assert log.end_offset >= len(expected)
        with Log(path, segment_bytes=SEGMENT_BYTES) as log:
            found = {record.offset: record.value for record in log}
            assert sorted(found) == list(range(log.end_offset)), "offsets are missing"
            lost = [offset for offset, value in expected.items() if found.get(offset) != value]
            assert not lost, f"acknowledged and lost or changed: {lost[:10]}"
    assert expected, "no writer got as far as an append"
