"""Waiting for what Apache Kafka does in its own time, after it has answered."""

import time
from collections.abc import Callable

PATIENCE_S = 15


def eventually(is_so: Callable[[], bool]) -> None:
    """Return once something is so; fail if it is not for too long."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "it does not become so"
        time.sleep(0.02)
