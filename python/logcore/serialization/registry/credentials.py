"""Who we are to a schema registry, and how we know that it is the registry.

Invariant: a certificate is always checked, against the truststore or what the system trusts. User
and password are never part of a message.
Neighbours: `transport` sends what is made here; `config` has the keys.
"""

import base64
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from logcore.common.config import ConfigError
from logcore.common.errors import InvalidArgumentError
from logcore.common.types import override
from logcore.serialization.registry.config import TLS, URL, Read

PORTS: Final = {"http": 80, "https": 443}
BASIC: Final = "basic.auth.user.info"
BEARER: Final = "bearer.auth.token"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a registry is.

    Attributes:
        scheme: ``http`` or ``https``.
        host: The host.
        port: The port.
        path: What stands before every path, without a slash at its end.
        user_info: User and password that the address had, if any.
    """

    scheme: str
    host: str
    port: int
    path: str
    user_info: str | None = field(default=None, repr=False)

    @override
    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def endpoint_of(text: str) -> Endpoint:
    """Read an address.

    Raises:
        ConfigError: If it is none of HTTP.

    Example:
        >>> str(endpoint_of("http://user:secret@localhost:8081/"))
        'http://localhost:8081'
    """
    try:
        parts = urlsplit(text if "://" in text else f"//{text}", "http")
        port = parts.port
    except ValueError:
        message = f"{URL}: an address cannot be read: is its port right?"
        raise ConfigError(message, key=URL) from None
    if parts.scheme not in PORTS or not parts.hostname:
        shown = f"{parts.scheme}://{parts.hostname or ''}"
        raise ConfigError(f"{URL}: {shown} is no address of HTTP", key=URL)
    user_info = parts.netloc.rpartition("@")[0]
    return Endpoint(
        parts.scheme,
        parts.hostname,
        port or PORTS[parts.scheme],
        parts.path.rstrip("/"),
        unquote(user_info) or None,
    )


class Credentials:
    """The headers that say who we are.

    Args:
        settings: What was set.
        token: Gives a bearer token whenever a request is made; None if there is none.

    Raises:
        ConfigError: If what was set is not enough, or contradicts itself.
    """

    def __init__(self, settings: Read, token: Callable[[], str] | None = None) -> None:
        source = settings.optional("basic.auth.credentials.source")
        self._user_info = settings.optional(BASIC)
        if source == "USER_INFO" and self._user_info is None:
            raise ConfigError(f"{BASIC}: give it as USER:PASSWORD", key=BASIC)
        if source == "URL":
            self._user_info = None
        static = settings.optional(BEARER)
        if settings.optional("bearer.auth.credentials.source") and static is None:
            raise ConfigError(f"{BEARER}: give the token", key=BEARER)
        if self._user_info is not None and (token or static):
            raise ConfigError(f"{BASIC} and a bearer token are given: choose", key=BASIC)
        if token is not None and static is not None:
            raise ConfigError(f"{BEARER} and token are given: choose", key=BEARER)
        self._token = token if static is None else lambda: static
        self._fixed = {
            header: value
            for header, key in (
                ("target-sr-cluster", "bearer.auth.logical.cluster"),
                ("Confluent-Identity-Pool-Id", "bearer.auth.identity.pool.id"),
            )
            if (value := settings.optional(key)) is not None
        }

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        """Return the headers for a request.

        Raises:
            InvalidArgumentError: If the function that gives tokens gives none.
        """
        if self._token is not None:
            token: object = self._token()
            if not isinstance(token, str) or not token.isascii() or not token.isprintable():
                raise InvalidArgumentError("token must return a bearer token, as a str of ASCII")
            return {"Authorization": f"Bearer {token}", **self._fixed}
        user_info = self._user_info or endpoint.user_info
        if user_info is None:
            return {}
        return {"Authorization": f"Basic {base64.b64encode(user_info.encode()).decode()}"}


def tls_context(settings: Read) -> ssl.SSLContext:
    """Make the context of TLS.

    Raises:
        ConfigError: If a file cannot be read, or is not PEM.
    """
    trusted = f"{TLS}truststore.location"
    try:
        context = ssl.create_default_context(cafile=settings.optional(trusted))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{trusted}: no certificates in PEM: {error}", key=trusted) from error
    if settings.optional(f"{TLS}endpoint.identification.algorithm") is None:
        context.check_hostname = False
    own = f"{TLS}keystore.location"
    location = settings.optional(own)
    password = settings.optional(f"{TLS}key.password") or ""
    if location is not None:
        try:
            context.load_cert_chain(location, password=lambda: password)
        except (OSError, ValueError) as error:
            message = f"{own}: no key with its certificate in PEM: {error}"
            raise ConfigError(message, key=own) from error
    return context
