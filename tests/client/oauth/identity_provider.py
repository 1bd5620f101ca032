"""An identity provider for tests: a real HTTP server that signs tokens, or misbehaves as told.

Invariant: a client is given a token only for the right id and secret, or an assertion that the
client's key signed; what was asked is kept.
Neighbours: tests of `logcore.client.oauth`, and `tests/interop/test_own_tokens.py`.
"""

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from logcore.common.clock import SystemClock

CLIENT_ID, CLIENT_SECRET = "orders", "the orders' secret"
Behaviour = Callable[["Asked"], None]


@dataclass
class IdentityProvider:
    """What it knows, and how it behaves.

    Attributes:
        lifetime_s: How long its tokens are good.
        claims: What they claim besides.
        says_lifetime: Whether the answer says so too.
        behave: Answers instead, if it is set.
        asked: The forms that came.
        audience: Who assertions must be for.
    """

    lifetime_s: int = 3600
    claims: dict[str, Any] = field(default_factory=dict)
    says_lifetime: bool = True
    behave: Behaviour | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    assertion_key: Any = None
    url: str = ""

    def jwks(self, folder: Path) -> Path:
        """Publish its keys in a file."""
        path = folder / "keys.json"
        listed = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
        path.write_text(json.dumps({"keys": [listed | {"kid": "one"}]}))
        return path

    def token(self, **changes: object) -> str:
        """Sign a token."""
        now_s = SystemClock().now_ms() // 1000
        claims: dict[str, Any] = {"sub": CLIENT_ID, "iss": "urn:idp", "aud": "kafka"}
        claims |= {"iat": now_s, "exp": now_s + self.lifetime_s, **self.claims, **changes}
        return jwt.encode(claims, self.key, "ES256", {"kid": "one"})


class Asked(BaseHTTPRequestHandler):
    """A request that came."""

    provider: IdentityProvider

    def do_POST(self) -> None:
        """Answer as an identity provider does, or as the test says."""
        size = int(self.headers.get("Content-Length", "0"))
        form = {name: one[0] for name, one in parse_qs(self.rfile.read(size).decode()).items()}
        self.provider.asked.append(form)
        if self.provider.behave is not None:
            self.provider.behave(self)
        elif not self.is_known(form):
            self.answer(401, {"error": "invalid_client", "error_description": "who are you?"})
        else:
            answer: dict[str, Any] = {"access_token": self.provider.token(), "token_type": "Bearer"}
            if self.provider.says_lifetime:
                part_s = SystemClock().now_ms() % 1000 / 1000  # of the second, as tokens have none
                answer["expires_in"] = self.provider.lifetime_s - part_s
            self.answer(200, answer)

    def is_known(self, form: dict[str, str]) -> bool:
        """Whether it is the client."""
        if form["grant_type"] == "client_credentials":
            right = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
            return self.headers.get("Authorization") == f"Basic {right}"
        try:
            jwt.decode(
                form["assertion"],
                self.provider.assertion_key,
                ["ES256", "RS256"],
                audience=self.provider.url,
            )
        except jwt.PyJWTError:
            return False
        return True

    def answer(self, status: int, content: object) -> None:
        """Answer with JSON, or with bytes as they are."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the parent's
        """Print nothing."""


@contextmanager
def identity_provider(
    provider: IdentityProvider | None = None,
    certificate: Path | None = None,
    host: str = "127.0.0.1",
) -> Iterator[IdentityProvider]:
    """Serve until the block ends; with TLS if there is a certificate."""
    provider = provider or IdentityProvider()
    handler = type("Handler", (Asked,), {"provider": provider})
    server = Server((host, 0), handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if certificate is None else "https"
    provider.url = f"{scheme}://{host}:{server.server_port}/token"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Server(ThreadingHTTPServer):
    """A server that says nothing of clients that went away."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing."""
