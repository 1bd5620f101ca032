"""Who is on the other side of a connection, once that is established.

Invariant: two principals of one type and name are the same, however each of them logged in.
Neighbours: `broker.security` establishes them, a connection carries one, authorizers ask about it.
"""

from dataclasses import dataclass, field
from typing import Final

from logcore.common.types import override


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is on the other side of a connection.

    Attributes:
        kind: Kafka's principal type, such as ``User``.
        name: The name in it.
        has_token: Whether it logged in by a delegation token, with which no token can be made.
    """

    kind: str
    name: str
    has_token: bool = field(default=False, compare=False)

    @override
    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


USER: Final = "User"
"""The one type of principals that logins lead to."""

ANONYMOUS: Final = Principal(USER, "ANONYMOUS")
"""Whoever speaks on a listener that authenticates nobody."""
