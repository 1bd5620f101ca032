"""What a client logs in with: a user and a password, or tokens; made once for all connections.

Invariant: settings that can never log in are refused before anything is opened, and no message
shows a password.
Neighbours: `sasl` has the exchanges of passwords, `oauth` tokens; `authentication` sends them.
"""

import base64
import os
import random
from typing import Final, Protocol

from logcore.client.sasl import Exchange, plain, scram
from logcore.client.settings import Settings
from logcore.common import jaas
from logcore.common.config import ConfigError
from logcore.common.scram import MECHANISMS

JAAS: Final = "sasl.jaas.config"
OAUTHBEARER: Final = "OAUTHBEARER"


class Login(Protocol):
    """Logs connections in.

    Attributes:
        mechanism: By which mechanism.
    """

    mechanism: str

    async def exchange(self) -> Exchange:
        """Begin a login, having waited for what it needs."""

    def close(self) -> None:
        """Prepare no more logins."""


class PasswordLogin:
    """Logs in by a user and a password.

    Args:
        mechanism: PLAIN, or one of SCRAM's.
        user: The user.
        password: The password.
        is_token: Whether they are those of a delegation token (KIP-48).
    """

    def __init__(self, mechanism: str, user: str, password: str, *, is_token: bool = False) -> None:
        self.mechanism = mechanism
        self._user = user
        self._password = password
        self._is_token = is_token

    async def exchange(self) -> Exchange:
        """Begin a login."""
        if self.mechanism == "PLAIN":
            return plain(self._user, self._password)
        nonce = base64.b64encode(os.urandom(24)).decode()
        kind = MECHANISMS[self.mechanism]
        return scram(kind, self._user, self._password, nonce, is_token=self._is_token)

    def close(self) -> None:
        """Nothing is under way."""


def make_login(settings: Settings, chance: random.Random) -> Login:
    """Make the login of a client.

    Args:
        settings: Its settings.
        chance: Where jitter comes from.

    Raises:
        ConfigError: If the mechanism is unknown, or something that it needs is missing.
    """
    mechanism = settings.text("sasl.mechanism")
    text = settings.optional(JAAS)
    options = jaas.parse(JAAS, text).options if text else {}
    if mechanism == OAUTHBEARER:
        from logcore.client.oauth.choosing import token_login  # noqa: PLC0415 - where it is used

        return token_login(settings, options, chance)
    if mechanism != "PLAIN" and mechanism not in MECHANISMS:
        known = ", ".join(["PLAIN", *MECHANISMS, OAUTHBEARER])
        raise ConfigError(
            f"sasl.mechanism: {mechanism} is not one of {known}", key="sasl.mechanism"
        )
    user, password = settings.optional("sasl.username"), settings.optional("sasl.password")
    is_token = False
    if user is None:
        user, password = options.get("username"), options.get("password")
        is_token = options.get("tokenauth", "").lower() == "true"
    if user is None or password is None:
        key = "sasl.username" if user is None else "sasl.password"
        raise ConfigError(f"{key}: user and password must both be given for SASL", key=key)
    return PasswordLogin(mechanism, user, password, is_token=is_token)
