"""Seeds of random tests that Hypothesis does not run: printed, and taken from the environment."""

import os
import random

VARIABLE = "TEST_SEED"


def seed() -> int:
    """Return the seed of a run, printed so that ``TEST_SEED`` replays it."""
    chosen = int(os.environ.get(VARIABLE) or random.SystemRandom().getrandbits(32))
    print(f"{VARIABLE}={chosen}")  # noqa: T201 - replays a failure
    return chosen
