"""The client's half of SCRAM, written by itself, for tests."""

import base64

from logcore.common.scram import ScramMechanism, client_proof, salted_password


class ScramClient:
    """Logs in by a password."""

    def __init__(self, mechanism: ScramMechanism, user: str, password: str) -> None:
        self.mechanism = mechanism
        self.user = user
        self.password = password
        self.header = b"n,,"
        self.extensions = b""
        self.server_signature = b""

    @property
    def bare(self) -> bytes:
        name = self.user.replace("=", "=3D").replace(",", "=2C").encode()
        return b"n=" + name + b",r=clientnonce" + self.extensions

    def first(self) -> bytes:
        return self.header + self.bare

    def last(self, challenge: bytes, *, nonce: bytes | None = None, header: bytes = b"") -> bytes:
        """Answer a challenge; with another nonce or header than is right, if asked to."""
        fields = dict(field.split(b"=", 1) for field in challenge.split(b","))
        salt, iterations = base64.b64decode(fields[b"s"]), int(fields[b"i"])
        binding = base64.b64encode(header or self.header)
        without_proof = b"c=" + binding + b",r=" + (nonce or fields[b"r"])
        salted = salted_password(self.mechanism, self.password, salt, iterations)
        signed = b",".join((self.bare, challenge, without_proof))
        proof = client_proof(self.mechanism, salted, signed)
        return without_proof + b",p=" + base64.b64encode(proof)
