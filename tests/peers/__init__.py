"""Other systems that tests hold ours against, and what happens on a machine without them.

Invariant: a test that needs an absent peer is skipped, with the reason, on a developer's machine,
and fails where `CI` is set: a green CI has really met every peer. What a peer needs is put on a
machine by one process at a time.
Neighbours: one folder per peer; the fixtures that tests ask for are in `tests/conftest.py`.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest


def peers_home() -> Path:
    """Return the folder where peers keep what they download: `TEST_PEERS_HOME`, or a cache."""
    chosen = os.environ.get("TEST_PEERS_HOME")
    return Path(chosen) if chosen else Path.home() / ".cache" / "logcore-peers"


@contextmanager
def first_use() -> Iterator[Path]:
    """Return the folder of peers, while no other process puts anything there.

    Not to be entered twice by a thread: it would wait for itself.
    """
    home = peers_home()
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield home


def absent(reason: str) -> NoReturn:
    """End the running test because a peer is absent: a skip, or in CI a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"a peer is absent: {reason}", pytrace=False)
    pytest.skip(f"a peer is absent: {reason}")
