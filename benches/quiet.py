"""What is done for a timing to be of what it names: the disk at rest, and memory that is there.

Invariant: nothing of it is part of what is timed.
Neighbours: `benches.broker` and `benches.clients` begin each case with this.
"""

import mmap
import os
from pathlib import Path
from typing import Final

WRITTEN_BY_A_CASE_GB: Final = 2


def make_quiet() -> None:
    """Begin a case: nothing of before is left to be done, and what it will write has its place."""
    os.sync()
    touch_memory(WRITTEN_BY_A_CASE_GB)


def touch_memory(gigabytes: int) -> None:
    """Use so much of the memory that is free, once.

    A virtual machine gets its memory from the host page by page, at the first touch of each, gives
    back what it has not used for a while, and a write into page cache that is not backed is several
    times slower. Who comes first would pay for those after; so nobody does.
    """
    facts = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    free_gigabytes = int(facts["MemFree"].split()[0]) // (1 << 20)
    block = b"\1" * (1 << 20)
    held = []
    for _ in range(min(gigabytes, max(0, free_gigabytes - 1))):
        held.append(mmap.mmap(-1, 1 << 30))
        for _ in range(1 << 10):
            held[-1].write(block)
