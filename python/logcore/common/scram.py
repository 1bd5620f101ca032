"""SCRAM's arithmetic (RFC 5802): from a password to what a server keeps, and who proves what.

Invariant: what a server keeps (`ScramCredential`) does not let it, or a thief, log in as the user.
Comparisons of secrets take the same time whatever they find.
Neighbours: `broker.security.scram` holds the conversation, `controller.scram` stores credentials.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

ITERATIONS_MIN: Final = 4096
ITERATIONS_MAX: Final = 16384
"""Bounds that Apache Kafka sets: below is too easily guessed, above is a way to keep it busy."""


@dataclass(frozen=True, slots=True)
class ScramMechanism:
    """One of SCRAM's mechanisms.

    Attributes:
        number: Kafka's number of it.
        name: Its name in SASL.
        digest: Its hash, as `hashlib` names it.
    """

    number: int
    name: str
    digest: str

    def hmac(self, key: bytes, data: bytes) -> bytes:
        """Return the HMAC of some data."""
        return hmac.digest(key, data, self.digest)

    def hash(self, data: bytes) -> bytes:
        """Return the hash of some data."""
        return hashlib.new(self.digest, data).digest()


MECHANISMS: Final = {
    mechanism.name: mechanism
    for mechanism in (
        ScramMechanism(1, "SCRAM-SHA-256", "sha256"),
        ScramMechanism(2, "SCRAM-SHA-512", "sha512"),
    )
}
"""The mechanisms by name."""

BY_NUMBER: Final = {mechanism.number: mechanism for mechanism in MECHANISMS.values()}
"""The mechanisms by Kafka's numbers."""


@dataclass(frozen=True, slots=True)
class ScramCredential:
    """What a server keeps of a user's password.

    Attributes:
        salt: What the password was salted with.
        stored_key: Tells whether a client knows the password.
        server_key: Proves to a client that the server has this.
        iterations: How often the password was hashed.
    """

    salt: bytes
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)
    iterations: int


def salted_password(
    mechanism: ScramMechanism, password: str, salt: bytes, iterations: int
) -> bytes:
    """Return the salted password, which takes a while on purpose."""
    return hashlib.pbkdf2_hmac(mechanism.digest, password.encode(), salt, iterations)


def credential_of(
    mechanism: ScramMechanism, salted: bytes, salt: bytes, iterations: int
) -> ScramCredential:
    """Return what a server keeps of a salted password."""
    return ScramCredential(
        salt=salt,
        stored_key=mechanism.hash(mechanism.hmac(salted, b"Client Key")),
        server_key=mechanism.hmac(salted, b"Server Key"),
        iterations=iterations,
    )


def client_proof(mechanism: ScramMechanism, salted: bytes, auth_message: bytes) -> bytes:
    """Return what a client proves with that it knows the password."""
    client_key = mechanism.hmac(salted, b"Client Key")
    signature = mechanism.hmac(mechanism.hash(client_key), auth_message)
    return _xor(client_key, signature)


def is_proven(
    mechanism: ScramMechanism, credential: ScramCredential, auth_message: bytes, proof: bytes
) -> bool:
    """Return whether a proof is of somebody who knows the password."""
    signature = mechanism.hmac(credential.stored_key, auth_message)
    if len(proof) != len(signature):
        return False
    found = mechanism.hash(_xor(proof, signature))
    return hmac.compare_digest(found, credential.stored_key)


def server_signature(
    mechanism: ScramMechanism, credential: ScramCredential, auth_message: bytes
) -> bytes:
    """Return what a server proves with that it has the credential."""
    return mechanism.hmac(credential.server_key, auth_message)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(one, other, strict=True))
