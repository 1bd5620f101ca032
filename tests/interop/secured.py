"""A broker of ours with a listener for every way to log in, and what its clients are told.

Invariant: the broker is a process of its own, started by the settings that docs/security.md shows.
Neighbours: `test_security_logins` has each peer log in; `certificates` makes keys.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from logcore.common.clock import SystemClock
from tests.interop.broker import OurBroker, running_broker
from tests.interop.certificates import Authority
from tests.peers.kafka.broker import free_port

MODULES = "org.apache.kafka.common.security"
LISTENERS = ("PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL", "SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
USER, PASSWORD = "alice", "alice's secret"
AUDIENCE, ISSUER = "logcore", "urn:issuer:tests"


@dataclass
class Issuer:
    """Issues bearer tokens, and publishes its keys in a file."""

    folder: Path
    key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(65537, 2048), repr=False
    )

    @property
    def jwks(self) -> Path:
        path = self.folder / "jwks.json"
        if not path.exists():
            listed = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            path.write_text(json.dumps({"keys": [listed | {"kid": "one"}]}))
        return path

    def token(self, **changes: object) -> str:
        now = SystemClock().now_ms() // 1000
        claims = {"sub": USER, "aud": AUDIENCE, "iss": ISSUER, "iat": now, "exp": now + 3600}
        return jwt.encode(claims | changes, self.key, "RS256", {"kid": "one"})


@dataclass
class Secured:
    """A running broker, and who knows its keys."""

    broker: OurBroker
    ports: Mapping[str, int]
    authority: Authority
    issuer: Issuer

    def bootstrap(self, listener: str) -> str:
        return f"127.0.0.1:{self.ports[listener]}"

    def refusals(self) -> list[str]:
        """The lines of refused logins so far."""
        text = self.broker.output.read_text(errors="replace")
        return [line for line in text.splitlines() if "login refused" in line]


def settings_of(ports: Mapping[str, int], authority: Authority, issuer: Issuer) -> dict[str, str]:
    settings = {
        "listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items()),
        "sasl.enabled.mechanisms": ",".join(MECHANISMS),
        "logcore.add.scram": ",".join(
            f'{name}=[name={USER},password="{PASSWORD}"]' for name in MECHANISMS[1:3]
        ),
        "delegation.token.secret.key": "key of tokens",
        "sasl.oauthbearer.jwks.endpoint.url": issuer.jwks.as_uri(),
        "sasl.oauthbearer.expected.audience": AUDIENCE,
        "sasl.oauthbearer.expected.issuer": ISSUER,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(authority.store("broker")),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.trusted),
        "ssl.client.auth": "required",
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]*),.*$/$1/L,DEFAULT",
    }
    for listener in ("sasl_plaintext", "sasl_ssl"):
        settings[f"listener.name.{listener}.plain.sasl.jaas.config"] = (
            f'{MODULES}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
        )
    return settings


@contextmanager
def secured_broker(folder: Path, **more: str) -> Iterator[Secured]:
    """Run a broker with all listeners until the block ends."""
    ports = {name: free_port() for name in LISTENERS}
    authority, issuer = Authority(folder), Issuer(folder)
    settings = settings_of(ports, authority, issuer) | more
    with running_broker(folder, ports["PLAINTEXT"], settings) as broker:
        while "ready on" not in broker.output.read_text(errors="replace"):
            assert broker.process.poll() is None, broker.tail()
            time.sleep(0.01)
        yield Secured(broker, ports, authority, issuer)
