"""Killed with signal 9 at any moment, again and again: no topic that was acknowledged is lost."""

import random
import signal
import subprocess
import sys
from pathlib import Path

from tests.controller.building import Disk

ROOT = Path(__file__).parents[2]
SEED = 20_261_125
ROUNDS = 6


def killed_writer(path: Path, acknowledged_count: int) -> list[str]:
    """Run the writer until it has been told so many topics, kill it, return all it was told."""
    command = [sys.executable, "-m", "tests.controller.metadata_writer", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(acknowledged_count)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
    # The last line may be cut off, and then the test was not told.
    return [line.strip() for line in lines if line.endswith("\n")]


def test_what_was_acknowledged_is_there(tmp_path):
    chance = random.Random(SEED)
    told: list[str] = []
    for _ in range(ROUNDS):
        told += killed_writer(tmp_path, chance.randrange(1, 40))
        disk = Disk(tmp_path)
        image = disk.open().loaded
        disk.close()
        assert set(told) <= set(image.topics_by_name), f"seed {SEED}"
        # One more may have been written without the writer being told of it.
        assert len(image.topics_by_name) <= len(told) + ROUNDS
        assert all(len(topic.partitions) == 3 for topic in image.topics_by_name.values())
    assert len(told) == len(set(told))
