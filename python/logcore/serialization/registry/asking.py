"""What every question to a schema registry has in common: paths, flags, lists of words and numbers.

Invariant: a name may have any character; it never leaves its place in a path.
Neighbours: `rules` and `registry` derive from this; `transport` asks.
"""

from collections.abc import Mapping
from urllib.parse import quote

from logcore.serialization.registry import answers
from logcore.serialization.registry.transport import Transport


class Asking:
    """A way to a registry, and what comes back as words or numbers.

    Args:
        transport: The way.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _place(self, path: str) -> str:
        return f"{self._transport.endpoints[0]}/{path}"

    def _texts(self, path: str, query: Mapping[str, object] | None = None) -> tuple[str, ...]:
        return answers.items(self._transport.ask("GET", path, query), str, self._place(path))

    def _numbers(
        self, method: str, path: str, query: Mapping[str, object] | None = None
    ) -> tuple[int, ...]:
        return answers.items(self._transport.ask(method, path, query), int, self._place(path))


def in_path(name: str | int) -> str:
    """Return a name as a path has it.

    Example:
        >>> in_path("a/b c")
        'a%2Fb%20c'
    """
    return quote(str(name), safe="")


def path_of(what: str, subject: str | None) -> str:
    """Return the path of something that a subject has, or all have."""
    return what if subject is None else f"{what}/{in_path(subject)}"


def normalized(normalize: bool) -> dict[str, object]:
    """Return the flag that has the registry bring a schema into one form first."""
    return {"normalize": True} if normalize else {}


def with_deleted(deleted: bool) -> dict[str, object]:
    """Return the flag by which what was deleted counts."""
    return {"deleted": True} if deleted else {}


def permanently(permanent: bool) -> dict[str, object]:
    """Return the flag that deletes for good."""
    return {"permanent": True} if permanent else {}
