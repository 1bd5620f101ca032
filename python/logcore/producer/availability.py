"""Which brokers have taken nothing for too long, so that what has no key goes elsewhere. Pure.

Invariant: a broker is away only while something is due for it that it does not take; without a
timeout none ever is.
Neighbours: `sender` notes what happens; `placing` leaves the partitions of brokers that are away
out of the choice.
Source: KIP-794, ``partitioner.availability.timeout.ms``.
"""


class Availability:
    """What is known of the brokers of one producer.

    Args:
        timeout_ms: After how long a broker is away; 0 for never.

    Attributes:
        away: The brokers that are away now.

    Example:
        >>> brokers = Availability(100)
        >>> brokers.refused(1, now_ms=5)
        >>> brokers.look(now_ms=106), sorted(brokers.away)
        (True, [1])
    """

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._since_ms: dict[int, int] = {}
        self.away: frozenset[int] = frozenset()

    def refused(self, node_id: int, now_ms: int) -> None:
        """Note that something is due for a broker that cannot be sent to it."""
        if self._timeout_ms:
            self._since_ms.setdefault(node_id, now_ms)

    def took(self, node_id: int) -> None:
        """Note that a broker was sent something."""
        self._since_ms.pop(node_id, None)

    def look(self, now_ms: int) -> bool:
        """See who is away now; tell whether that changed."""
        before = self.away
        if before or self._since_ms:
            self.away = frozenset(
                node_id
                for node_id, since_ms in self._since_ms.items()
                if now_ms - since_ms > self._timeout_ms
            )
        return self.away != before
