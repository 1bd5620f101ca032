"""How long to wait before the next attempt: twice as long each time, and never quite the same.

Invariant: a wait lies within 20 percent of the exponential one, and above the maximum never more
than that (KIP-580).
Neighbours: `cluster` waits before it connects or asks again; producers and consumers before they
retry.
"""

import random
from typing import Final

JITTER: Final = 0.2
FACTOR: Final = 2


class Backoff:
    """Waits of an exponential backoff with jitter, in milliseconds.

    Args:
        first_ms: The first wait.
        max_ms: The longest.
        chance: Where jitter comes from.

    Example:
        >>> backoff = Backoff(100, 1000, random.Random(1))
        >>> 80 <= backoff.wait_ms(0) <= 120, 800 <= backoff.wait_ms(9) <= 1200
        (True, True)
    """

    __slots__ = ("_chance", "first_ms", "max_ms")

    def __init__(self, first_ms: float, max_ms: float, chance: random.Random) -> None:
        self.first_ms = first_ms
        self.max_ms = max(max_ms, first_ms)
        self._chance = chance

    def wait_ms(self, failures: int) -> float:
        """Return how long to wait after so many failures before the last one."""
        exponential = self.first_ms * FACTOR ** min(failures, 32)
        spread = self._chance.uniform(1 - JITTER, 1 + JITTER)
        return float(min(exponential, self.max_ms) * spread)
