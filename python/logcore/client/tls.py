"""The TLS context of a client, from Kafka's ``ssl.*`` keys in PEM.

Invariant: a broker's certificate is always checked, against the truststore alone if there is one,
else against what the system trusts; its name too, unless
``ssl.endpoint.identification.algorithm`` is empty.
Neighbours: `opening` connects with it, `oauth` to identity providers; `logcore.network.tls` makes
the contexts of listeners.
"""

import ssl
import tempfile
from pathlib import Path

from logcore.client.settings import Settings
from logcore.common.config import ConfigError
from logcore.network.tls import pem


def client_context(settings: Settings) -> ssl.SSLContext:
    """Make the context for connections to brokers.

    Raises:
        ConfigError: If a file cannot be read, or is not PEM.
    """
    context = _trusting(settings, with_system=False)
    if not settings.optional("ssl.endpoint.identification.algorithm"):
        context.check_hostname = False
    _load_identity(context, settings)
    return context


def provider_context(settings: Settings) -> ssl.SSLContext:
    """Make the context for connections to an identity provider.

    Its certificate may be by whom the system trusts, whoever signs those of the brokers; and its
    name is always compared.

    Raises:
        ConfigError: As `client_context`.
    """
    context = _trusting(settings, with_system=True)
    _load_identity(context, settings)
    return context


def _trusting(settings: Settings, *, with_system: bool) -> ssl.SSLContext:
    """Make a context that trusts the truststore; without one, or if asked for, the system's too."""
    text = settings.optional("ssl.truststore.certificates")
    location = settings.optional("ssl.truststore.location")
    if not text and not location:
        return ssl.create_default_context()
    key = "ssl.truststore.certificates" if text else "ssl.truststore.location"
    if not text and location:
        try:
            text = Path(location).read_text("ascii", "replace")
        except OSError as error:
            raise ConfigError(
                f"{key}: cannot read {location}: {error.strerror}", key=key
            ) from error
    try:
        # Without an empty line it would be no data at all, and then the system is trusted.
        context = ssl.create_default_context(cadata=pem(text or "") or "\n")
    except (ssl.SSLError, ValueError) as error:
        problem = "there are no PEM certificates in it that can be used"
        raise ConfigError(f"{key}: {problem}", key=key) from error
    if with_system:
        context.load_default_certs()
    return context


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
