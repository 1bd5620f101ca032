"""Assertions by which a client asks for tokens (RFC 7523): read from a file, or signed here.

Invariant: an assertion that is signed here is made for one request; neither its key nor the
passphrase is in any message.
Neighbours: `grants` sends them. PyJWT and cryptography, which come with ``logcore[oauth]``, sign.
Source: Apache Kafka 4.3.1, KIP-1139, for what each setting means.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logcore.client.oauth.file import read_text
from logcore.client.settings import Settings
from logcore.common.clock import SystemClock
from logcore.common.config import ConfigError
from logcore.common.errors import TokenUnavailableError

PREFIX = "sasl.oauthbearer.assertion."
KEY_FILE = f"{PREFIX}private.key.file"


def assertion_of(settings: Settings) -> Callable[[], str]:
    """Return what makes assertions; it may block.

    Raises:
        ConfigError: If neither a file nor a key is given, or what signs is not installed.
    """
    given = settings.optional(f"{PREFIX}file")
    if given:
        path = Path(given)
        return lambda: read_text(path).strip()
    if not settings.optional(KEY_FILE):
        raise ConfigError(
            f"{PREFIX}file, or {KEY_FILE} and claims, must be given for the grant by JWT",
            key=KEY_FILE,
        )
    _check_installed()
    return SignedAssertion(settings)


@dataclass(frozen=True, slots=True)
class SignedAssertion:
    """Signs what the settings say.

    Attributes:
        settings: The client's settings.
    """

    settings: Settings = field(repr=False)

    def __call__(self) -> str:
        """Sign an assertion; blocks.

        Raises:
            TokenUnavailableError: If the key or the template cannot be used.
        """
        import jwt  # noqa: PLC0415 - an extra

        template = self._template()
        claims = template.get("payload", {}) | self._claims(SystemClock().now_ms() // 1000)
        try:
            return jwt.encode(
                claims,
                self._key(),
                self.settings.text(f"{PREFIX}algorithm").upper(),
                template.get("header"),
            )
        except (TypeError, ValueError, jwt.PyJWTError) as error:
            raise TokenUnavailableError(
                f"{KEY_FILE}: the key cannot sign by {PREFIX}algorithm ({type(error).__name__})"
            ) from None

    def _claims(self, now_s: int) -> dict[str, Any]:
        settings = self.settings
        claims: dict[str, Any] = {
            "iat": now_s,
            "exp": now_s + settings.integer(f"{PREFIX}claim.exp.seconds"),
            "nbf": now_s - settings.integer(f"{PREFIX}claim.nbf.seconds"),
        }
        if settings.flag(f"{PREFIX}claim.jti.include"):
            claims["jti"] = str(uuid.uuid4())
        for name in ("aud", "iss", "sub"):
            value = settings.optional(f"{PREFIX}claim.{name}")
            if value:
                claims[name] = value
        return claims

    def _template(self) -> Mapping[str, Any]:
        """Return header and payload to begin with."""
        location = self.settings.optional(f"{PREFIX}template.file")
        if not location:
            return {}
        try:
            found = json.loads(read_text(Path(location)))
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or not all(
            isinstance(found.get(part, {}), dict) for part in ("header", "payload")
        ):
            raise TokenUnavailableError(
                f"{PREFIX}template.file: {location} is no JSON with a header and a payload"
            )
        return found

    def _key(self) -> Any:  # noqa: ANN401 - cryptography's
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - an extra

        passphrase = self.settings.optional(f"{PREFIX}private.key.passphrase")
        location = self.settings.text(KEY_FILE)
        text = read_text(Path(location))
        try:
            return serialization.load_pem_private_key(
                text.encode(), None if passphrase is None else passphrase.encode()
            )
        except (TypeError, ValueError):
            raise TokenUnavailableError(
                f"{KEY_FILE}: {location} holds no PEM key that {PREFIX}private.key.passphrase opens"
            ) from None


def _check_installed() -> None:
    try:
        import cryptography  # noqa: F401, PLC0415 - an extra
        import jwt  # noqa: F401, PLC0415
    except ImportError:
        raise ConfigError(
            f"{KEY_FILE}: signing needs two packages: pip install 'logcore[oauth]'", key=KEY_FILE
        ) from None
