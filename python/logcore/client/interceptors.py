"""What the interceptors of producers and of consumers have in common: they harm nobody.

Invariant: what one raises is logged, and changes nothing for anybody else; once closed, none is
called.
Neighbours: `logcore.producer.interceptor` and `logcore.consumer.interceptor` derive from this.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

logger = logging.getLogger(__name__)


class Closable(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Let go of what is held."""


M = TypeVar("M", bound=Closable)


class InterceptorChain(Generic[M]):
    """All interceptors of a client, one after the other.

    Args:
        members: The interceptors.
    """

    def __init__(self, members: Iterable[M] = ()) -> None:
        self._members = tuple(members)

    def __bool__(self) -> bool:
        return bool(self._members)

    def tell(self, what: str, call: Callable[[M], object]) -> None:
        """Call each of them, whatever those before it raise.

        Args:
            what: The method, for the log.
            call: Calls it of one.
        """
        call_each(self._members, what, call)

    def close(self) -> None:
        """Close all of them, and call none any more."""
        members, self._members = self._members, ()
        call_each(members, "close", lambda member: member.close())


def call_each(members: Iterable[M], what: str, call: Callable[[M], object]) -> None:
    """Call each of some interceptors; what one raises is logged."""
    for member in members:
        try:
            call(member)
        except Exception:
            logger.exception("an interceptor raised in %s", what)
