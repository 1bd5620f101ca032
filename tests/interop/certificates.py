"""An authority, and certificates by it, as PEM: what a listener and its clients show each other.

Invariant: made anew for each run, good for 127.0.0.1 and localhost; nothing of it is trusted by
anything else. Needs the package cryptography.
"""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOSTS = x509.SubjectAlternativeName(
    [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
)


class Authority:
    """Signs certificates, and keeps them in a folder: ``ca.pem``, ``<name>.pem`` with its key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = named("authority")
        self.trusted = folder / "ca.pem"
        certificate = self.made(self.name, self.key, is_authority=True)
        self.trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def store(self, name: str) -> Path:
        """Make a key and a certificate of a name, both in one file."""
        path = self.folder / f"{name}.pem"
        if not path.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = self.made(named(name), key, is_authority=False)
            private = key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def made(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_authority: bool
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if not is_authority:
            builder = builder.add_extension(HOSTS, critical=False)
        return builder.sign(self.key, hashes.SHA256())


def named(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "logcore"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
