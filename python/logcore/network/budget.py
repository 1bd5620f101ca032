"""How much memory requests may hold: those that are being received, and those without an answer.

Above the limit a connection that receives a large request is told to wait. One is favoured, so that
at least one request always becomes complete: what is held exceeds the limit by that one.
Invariant: `used` is what all connections hold. Whoever waits is told to go on when there is room,
or when it is favoured.
Neighbours: `connection` accounts for itself here; `listener` closes a favoured one that stops.
"""

from typing import Final, Protocol

BUFFERED_MAX_BYTES: Final = 256 * 1024 * 1024


class Holder(Protocol):
    """Whoever holds memory."""

    def go_on(self) -> None:
        """Receive again."""


class ReceiveBudget:
    """Memory that requests hold, against a limit.

    Args:
        limit: How many bytes.

    Attributes:
        used: How many are held.
        favoured: Who may receive although the limit is passed.
    """

    def __init__(self, limit: int = BUFFERED_MAX_BYTES) -> None:
        self.limit = limit
        self.used = 0
        self.favoured: Holder | None = None
        self._waiting: dict[Holder, None] = {}

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for room."""
        return bool(self._waiting)

    def add(self, size: int) -> None:
        """Hold more, or less."""
        self.used += size
        assert self.used >= 0, "more was given back than was held"
        if size < 0 and self._waiting:
            self._wake()

    def may_receive(self, holder: Holder) -> bool:
        """Whether a holder may go on receiving; if not, it is told when it may."""
        if self.used <= self.limit or self.favoured is holder:
            return True
        if self.favoured is None:
            self.favoured = holder
            return True
        self._waiting[holder] = None
        return False

    def leave(self, holder: Holder) -> None:
        """The holder receives nothing large any more."""
        self._waiting.pop(holder, None)
        if self.favoured is holder:
            self.favoured = None
            self._wake()

    def _wake(self) -> None:
        while self._waiting and self.used <= self.limit:
            self._wake_first()
        if self._waiting and self.favoured is None:
            self.favoured = self._wake_first()

    def _wake_first(self) -> Holder:
        holder = next(iter(self._waiting))
        del self._waiting[holder]
        holder.go_on()
        return holder
