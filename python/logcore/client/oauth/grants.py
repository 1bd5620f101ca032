"""What a client asks a token endpoint: by its own credentials, or by an assertion somebody signed.

Invariant: each request is made anew, as an assertion is good for minutes only.
Neighbours: `endpoint` sends these; `assertion` signs.
Source: RFC 6749, section 4.4; RFC 7523; Apache Kafka 4.3.1, KIP-768 and KIP-1139.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_plus, urlencode

from logcore.client.oauth.http import Post

JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_HEADERS: Final = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """A client that has an id and a secret of its own.

    Attributes:
        url: The endpoint.
        client_id: Its id.
        client_secret: Its secret.
        scope: What it asks for, if anything.
        is_encoded: Whether id and secret are URL-encoded first, as RFC 6749 has it and many
            endpoints do not expect.
    """

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None
    is_encoded: bool = False

    def __call__(self) -> Post:
        """Make a request."""
        pair = (self.client_id, self.client_secret)
        named = ":".join(map(quote_plus, pair) if self.is_encoded else pair)
        header = {"Authorization": f"Basic {base64.b64encode(named.encode()).decode()}"}
        return Post(self.url, _HEADERS | header, _form("client_credentials", self.scope))


@dataclass(frozen=True, slots=True)
class JwtBearer:
    """A client for whom an assertion speaks.

    Attributes:
        url: The endpoint.
        assertion: Makes or reads an assertion.
        scope: What it asks for, if anything.
    """

    url: str
    assertion: Callable[[], str]
    scope: str | None = None

    def __call__(self) -> Post:
        """Make a request."""
        body = _form(JWT_BEARER, self.scope, assertion=self.assertion())
        return Post(self.url, _HEADERS, body)


def _form(grant: str, scope: str | None, **more: str) -> bytes:
    fields = {"grant_type": grant} | ({"scope": scope} if scope else {}) | more
    return urlencode(fields).encode()
