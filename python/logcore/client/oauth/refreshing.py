"""When to ask for the next token. Pure.

Invariant: never after the token expires; and unless a token lives too short for both, not sooner
than the minimum after it came, and not later than the buffer before it expires.
Neighbours: `login` waits for as long as this says.
Source: Apache Kafka 4.3.1, the documentation of ``sasl.login.refresh.*``.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RefreshRules:
    """How long before its end a token is replaced.

    Attributes:
        factor: After which part of its life (``sasl.login.refresh.window.factor``).
        jitter: By which part of its life that may be later (``...window.jitter``).
        min_period_s: The least time between two tokens (``...min.period.seconds``).
        buffer_s: The least time before the end (``...buffer.seconds``).
    """

    factor: float = 0.8
    jitter: float = 0.05
    min_period_s: float = 60
    buffer_s: float = 300

    def wait_s(self, lifetime_s: float, draw: float) -> float:
        """Return how long after a token came the next one is asked for.

        Args:
            lifetime_s: How long the token is good.
            draw: Chance, from 0 to 1.

        Example:
            >>> RefreshRules().wait_s(3600, 0.5), RefreshRules().wait_s(100, 0)
            (2970.0, 80.0)
        """
        wished_s = lifetime_s * min(self.factor + self.jitter * draw, 1)
        if self.min_period_s + self.buffer_s > lifetime_s:
            return wished_s
        return max(min(wished_s, lifetime_s - self.buffer_s), self.min_period_s)
