"""Which names a topic may have.

Invariant: a name that passes is also the name of a directory and of a metric. Two names that
differ only in '.' and '_' would be one metric, so the second one is refused.
Neighbours: `topics` asks before it creates one; the broker's Metadata handler before it looks.
Source: Apache Kafka 4.3.1, `org.apache.kafka.common.internals.Topic`.
"""

import re
from collections.abc import Iterable
from typing import Final

NAME_LENGTH_MAX: Final = 249
CLUSTER_METADATA_TOPIC: Final = "__cluster_metadata"
_LEGAL: Final = re.compile(r"[a-zA-Z0-9._-]+")


def fault_of(name: str) -> str | None:
    """Return what is wrong with a name; None if it may be used."""
    if not name:
        return "a topic's name may not be empty"
    if name in {".", ".."}:
        return f"a topic may not be named {name!r}"
    if len(name) > NAME_LENGTH_MAX:
        return f"a topic's name may have {NAME_LENGTH_MAX} characters, not {len(name)}"
    if _LEGAL.fullmatch(name) is None:
        return f"topic name {name!r} has characters other than ASCII letters, digits, '.', '_', '-'"
    return None


def collision_key(name: str) -> str:
    """Return what two names have in common that collide."""
    return name.replace(".", "_")


class Collisions:
    """Finds existing topics that new names collide with.

    Args:
        existing: The names that are taken; looked at once, and only if a new name may collide.
    """

    def __init__(self, existing: Iterable[str]) -> None:
        self._existing = existing
        self._first: dict[str, str] | None = None

    def with_name(self, name: str) -> str | None:
        """Return the existing topic, the first in order, that a new name collides with."""
        if "." not in name and "_" not in name:
            return None
        if self._first is None:
            self._first = {}
            for other in self._existing:
                key = collision_key(other)
                self._first[key] = min(other, self._first.get(key, other))
        return self._first.get(collision_key(name))
