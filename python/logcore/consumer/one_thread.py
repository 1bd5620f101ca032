"""A consumer is for one thread at a time: whoever comes second is told, instead of losing records.

Invariant: nobody waits here. A listener that is called while a thread reads may read, too.
Neighbours: `consumer` reads within this.
"""

import threading
from types import TracebackType

from logcore.common.errors import WrongThreadError


class OneThread:
    """A region for one thread at a time.

    Example:
        >>> turn = OneThread()
        >>> with turn:
        ...     pass
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise WrongThreadError(
                "another thread is reading from this consumer: give each thread one of its own, "
                "or take turns"
            )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()
