"""TLS contexts from Kafka's ``ssl.*`` keys, and their exchange while listeners run.

Keys and certificates are PEM: a file (``ssl.keystore.location``), or the text itself
(``ssl.keystore.key`` and ``ssl.keystore.certificate.chain``); or a PKCS12 store, of whatever type
it is said to be, as Java takes one for a JKS too.
Invariant: a context is complete before a listener sees it; a reload that fails changes nothing.
Neighbours: `listener` asks for the context of each new connection; `broker.server` has the keys;
`stores` reads PKCS12.
"""

import contextlib
import os
import re
import ssl
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from logcore.common.config import ConfigError
from logcore.network.stores import StoreError, certificates_pem, key_pem
from logcore.network.tls_alerts import AlertingContext

KEYS: Final = (
    "ssl.cipher.suites",
    "ssl.client.auth",
    "ssl.enabled.protocols",
    "ssl.key.password",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
)
"""What a context is made from."""

Settings = Mapping[str, Any]
"""Values by key, lists as tuples; what is not set may be missing or None."""

_VERSIONS: Final = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}
_CLIENT_AUTH: Final = {
    "none": ssl.CERT_NONE,
    "requested": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}
_PEM_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_PEM_BEGINS: Final = b"-----BEGIN "


class TlsContexts:
    """The context for new connections of a listener, which may be replaced.

    Args:
        settings: Values of `KEYS`.

    Raises:
        ConfigError: If no context can be made of them.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._context = server_context(settings)

    def current(self) -> ssl.SSLContext:
        """Return the context for a new connection."""
        return self._context

    def reload(self, settings: Settings | None = None) -> None:
        """Read keys and certificates anew; connections that are open keep what they have.

        Raises:
            ConfigError: If no context can be made; the old one stays.
        """
        settings = self._settings if settings is None else settings
        self._context = server_context(settings)
        self._settings = settings


def server_context(settings: Settings) -> ssl.SSLContext:
    """Make the context of a listener.

    Args:
        settings: Values of `KEYS`.

    Raises:
        ConfigError: If a key is wrong, or a file or text is not what it should be.
    """
    context = AlertingContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    _set_versions(context, settings)
    _set_ciphers(context, settings)
    _load_keystore(context, settings)
    _load_truststore(context, settings)
    return context


def _set_versions(context: ssl.SSLContext, settings: Settings) -> None:
    names = settings.get("ssl.enabled.protocols") or tuple(_VERSIONS)
    for name in names:
        if name not in _VERSIONS:
            raise _error("ssl.enabled.protocols", f"{name} is not one of {', '.join(_VERSIONS)}")
    context.minimum_version = min(_VERSIONS[name] for name in names)
    context.maximum_version = max(_VERSIONS[name] for name in names)


def _set_ciphers(context: ssl.SSLContext, settings: Settings) -> None:
    """Allow the suites of TLS 1.2 that are named; those of TLS 1.3 are all good, and stay."""
    names = settings.get("ssl.cipher.suites") or ()
    older = [openssl_name(name) for name in names if not _is_of_tls_1_3(name)]
    if older:
        try:
            context.set_ciphers(":".join(older))
        except ssl.SSLError as error:
            problem = f"none of {', '.join(names)} is a suite that OpenSSL offers"
            raise _error("ssl.cipher.suites", problem) from error


def _is_of_tls_1_3(name: str) -> bool:
    return name.startswith(("TLS_AES_", "TLS_CHACHA20_"))


def openssl_name(name: str) -> str:
    """Return OpenSSL's name of a suite of TLS 1.2 that Java names as the standard does.

    Example:
        >>> openssl_name("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
        'ECDHE-RSA-AES128-GCM-SHA256'
    """
    exchange, found, cipher = name.removeprefix("TLS_").partition("_WITH_")
    if not found:
        return name
    cipher = cipher.replace("AES_", "AES").replace("_CBC", "").removesuffix("_POLY1305_SHA256")
    cipher += "_POLY1305" if cipher == "CHACHA20" else ""
    return (cipher if exchange == "RSA" else f"{exchange}_{cipher}").replace("_", "-")


def _load_keystore(context: ssl.SSLContext, settings: Settings) -> None:
    key, chain = settings.get("ssl.keystore.key"), settings.get("ssl.keystore.certificate.chain")
    location = settings.get("ssl.keystore.location")
    if key and chain:
        with _private_file(pem(f"{key}\n{chain}")) as path:
            _load_chain(context, settings, path, "ssl.keystore.key")
    elif key or chain:
        other = "ssl.keystore.certificate.chain" if key else "ssl.keystore.key"
        raise _error(other, "the key and its certificate chain must both be given")
    elif location:
        _load_store(context, settings, location)
    else:
        raise _error("ssl.keystore.location", "a TLS listener needs a key and a certificate")


def _load_store(context: ssl.SSLContext, settings: Settings, location: str) -> None:
    key = "ssl.keystore.location"
    data = _read(key, location)
    if _PEM_BEGINS in data:
        _load_chain(context, settings, location, key)
        return
    password = settings.get("ssl.keystore.password") or ""
    with _private_file(_of_store(key, location, key_pem, data, password)) as path:
        _load_chain(context, settings, path, key)


def _load_chain(context: ssl.SSLContext, settings: Settings, path: str, key: str) -> None:
    password = settings.get("ssl.key.password") or settings.get("ssl.keystore.password") or ""
    try:
        # Without a password given, OpenSSL would ask for one on the terminal.
        context.load_cert_chain(path, password=lambda: password)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "reason", None) or str(error)).replace("_", " ").lower()
        problem = f"not a PEM key with its certificates that can be used: {reason}"
        raise _error(key, problem) from error


def _load_truststore(context: ssl.SSLContext, settings: Settings) -> None:
    client_auth = settings.get("ssl.client.auth") or "none"
    if client_auth not in _CLIENT_AUTH:
        raise _error("ssl.client.auth", f"{client_auth} is not one of {', '.join(_CLIENT_AUTH)}")
    text, location = (
        settings.get("ssl.truststore.certificates"),
        settings.get("ssl.truststore.location"),
    )
    if text or location:
        key = "ssl.truststore.certificates" if text else "ssl.truststore.location"
        if location and not text:
            password = settings.get("ssl.truststore.password") or ""
            text = _read_trusted(key, location, password)
        try:
            context.load_verify_locations(cadata=pem(text or ""))
        except (ssl.SSLError, ValueError) as error:
            raise _error(key, "there are no PEM certificates in it that can be used") from error
    elif client_auth != "none":
        problem = f"ssl.client.auth={client_auth} needs certificates to trust"
        raise _error("ssl.truststore.location", problem)
    context.verify_mode = _CLIENT_AUTH[client_auth]


def _read_trusted(key: str, location: str, password: str) -> str:
    data = _read(key, location)
    if _PEM_BEGINS in data:
        return data.decode("ascii", "replace")
    return _of_store(key, location, certificates_pem, data, password)


def _read(key: str, location: str) -> bytes:
    try:
        return Path(location).read_bytes()
    except OSError as error:
        raise _error(key, f"cannot read {location}: {error.strerror}") from error


def _of_store(
    key: str, location: str, read: Callable[[bytes, str], str], data: bytes, password: str
) -> str:
    try:
        return read(data, password)
    except StoreError as error:
        raise _error(key, f"{location} {error}") from error


def pem(text: str) -> str:
    """Return PEM with the line breaks that OpenSSL insists on, which one-line settings lack."""
    return "\n".join(map(_wrapped, _PEM_BLOCK.finditer(text)))


def _wrapped(block: "re.Match[str]") -> str:
    kind, body = block[1], block[2]
    if ":" not in body:  # with headers it is of the old encrypted kind, and has its lines
        body = "\n".join(textwrap.wrap("".join(body.split()), 64))
    return f"-----BEGIN {kind}-----\n{body.strip()}\n-----END {kind}-----\n"


@contextlib.contextmanager
def _private_file(text: str) -> Iterator[str]:
    """A file that only this process reads, because OpenSSL takes a key from files alone."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("logcore-key")
        path = f"/proc/self/fd/{descriptor}"
    else:
        descriptor, path = tempfile.mkstemp()
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            yield path
    finally:
        if not path.startswith("/proc/"):
            Path(path).unlink()


def _error(key: str, problem: str) -> ConfigError:
    return ConfigError(f"{key}: {problem}", key=key)
