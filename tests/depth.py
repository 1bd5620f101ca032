"""How far random tests go: a little in `make test`, many times as far in `make fuzz`."""

import os

TIMES = "TEST_DEPTH"
"""How many times as many examples a random test tries; 1 if it is not set."""


def examples(count: int) -> int:
    """Return how many examples to try, where ``make test`` tries ``count``."""
    return count * int(os.environ.get(TIMES, "1"))
