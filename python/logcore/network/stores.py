"""Java's key stores of type PKCS12, as PEM.

Invariant: what a store holds never touches the disk in the clear; a store that cannot be read is an
error that says why, and how to convert what cannot be read at all.
Neighbours: `tls` asks for these where a file is no PEM. The package cryptography, which comes with
``logcore[pkcs12]``, does the reading.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates

_JKS: Final = b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"
_CONVERT: Final = (
    "is a Java store of type JKS, which only Java reads: convert it with `keytool -importkeystore "
    "-deststoretype PKCS12`"
)
_MISSING: Final = (
    "is no PEM, and reading PKCS12 needs a package: pip install 'logcore[pkcs12]', or convert it "
    "with `openssl pkcs12 -nodes`"
)


class StoreError(ValueError):
    """A store cannot be read; the message continues a sentence that begins with its name."""


def key_pem(data: bytes, password: str) -> str:
    """Return the key of a store with its certificates, as PEM.

    Raises:
        StoreError: If there is none, or the store cannot be read.
    """
    store = _opened(data, password)
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - an extra

    if store.key is None or store.cert is None:
        raise StoreError("has no key with its certificate")
    key = store.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain = [store.cert, *store.additional_certs]
    pems = [each.certificate.public_bytes(serialization.Encoding.PEM) for each in chain]
    return b"".join((key, *pems)).decode("ascii")


def certificates_pem(data: bytes, password: str) -> str:
    """Return all certificates of a store, as PEM.

    Raises:
        StoreError: If there are none, or the store cannot be read.
    """
    store = _opened(data, password)
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - an extra

    found = [*([] if store.cert is None else [store.cert]), *store.additional_certs]
    if not found:
        raise StoreError("has no certificates")
    return "".join(each.certificate.public_bytes(Encoding.PEM).decode("ascii") for each in found)


def _opened(data: bytes, password: str) -> "PKCS12KeyAndCertificates":
    if data.startswith(_JKS):
        raise StoreError(_CONVERT)
    try:
        from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: PLC0415 - an extra
    except ImportError:
        raise StoreError(_MISSING) from None
    try:
        return pkcs12.load_pkcs12(data, password.encode() if password else None)
    except ValueError as error:
        raise StoreError("is no PKCS12 store, or its password is another one") from error
