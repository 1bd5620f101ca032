"""What all SASL mechanisms have in common: an exchange of tokens that ends in a login or fails.

Invariant: an exchange has a `login` exactly when it is complete; one that failed is never asked
again. What a client may be told of a failure is in `LoginError.told`, and nowhere else.
Neighbours: `plain`, `scram` and `oauthbearer` are exchanges; `session` carries their tokens.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from logcore.common.errors import LogcoreError


class LoginError(LogcoreError):
    """A login failed.

    Args:
        reason: Why, for the log.
        told: What the client may know of it; None for no more than that it failed.
    """

    def __init__(self, reason: str, told: str | None = None) -> None:
        super().__init__(reason)
        self.told = told


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who proved who they are.

    Attributes:
        name: The user.
        expires_ms: When that is over, by the wall clock; None if it is not.
        has_token: Whether a delegation token proved it.
    """

    name: str
    expires_ms: int | None = None
    has_token: bool = False


class Exchange(Protocol):
    """One login under way.

    Attributes:
        login: Who logged in, once somebody has.
        claimed: Who the client says it is, for the log; empty while it has not said.
    """

    login: Login | None
    claimed: str

    def respond(self, token: bytes) -> bytes:
        """Answer a token of the client.

        Raises:
            LoginError: If the login failed.
        """


Mechanisms: TypeAlias = dict[str, Callable[[], Exchange]]
"""How a login by each mechanism begins, by the mechanism's name."""
