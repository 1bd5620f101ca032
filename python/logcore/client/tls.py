"""The TLS context of a client, from Kafka's ``ssl.*`` keys in PEM.

Invariant: a broker's certificate is always checked, against the truststore or what the system
trusts; its name too, unless ``ssl.endpoint.identification.algorithm`` is empty.
Neighbours: `opening` connects with it; `logcore.network.tls` makes the contexts of listeners.
"""

import ssl
import tempfile
from pathlib import Path

from logcore.client.settings import Settings
from logcore.common.config import ConfigError
from logcore.network.tls import pem


def client_context(settings: Settings) -> ssl.SSLContext:
    """Make the context.

    Raises:
        ConfigError: If a file cannot be read, or is not PEM.
    """
    context = ssl.create_default_context()
    if not settings.optional("ssl.endpoint.identification.algorithm"):
        context.check_hostname = False
    _load_trust(context, settings)
    _load_identity(context, settings)
    return context


def _load_trust(context: ssl.SSLContext, settings: Settings) -> None:
    text = settings.optional("ssl.truststore.certificates")
    location = settings.optional("ssl.truststore.location")
    if not text and not location:
        return
    key = "ssl.truststore.certificates" if text else "ssl.truststore.location"
    if not text and location:
        try:
            text = Path(location).read_text("ascii", "replace")
        except OSError as error:
            raise ConfigError(
                f"{key}: cannot read {location}: {error.strerror}", key=key
            ) from error
    try:
        context.load_verify_locations(cadata=pem(text or ""))
    except (ssl.SSLError, ValueError) as error:
        problem = "there are no PEM certificates in it that can be used"
        raise ConfigError(f"{key}: {problem}", key=key) from error


def _load_identity(context: ssl.SSLContext, settings: Settings) -> None:
    key, chain = (
        settings.optional("ssl.keystore.key"),
        settings.optional("ssl.keystore.certificate.chain"),
    )
    location = settings.optional("ssl.keystore.location")
    password = settings.optional("ssl.key.password") or ""
    try:
        if key and chain:
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                file.write(pem(f"{key}\n{chain}"))
                file.flush()
                context.load_cert_chain(file.name, password=lambda: password)
        elif location:
            context.load_cert_chain(location, password=lambda: password)
    except (OSError, ValueError) as error:
        name = "ssl.keystore.key" if key else "ssl.keystore.location"
        raise ConfigError(f"{name}: no PEM key with its certificates: {error}", key=name) from error
