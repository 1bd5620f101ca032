"""A failed handshake tells the peer why, as TLS wants it."""

import ssl

import pytest

from logcore.network.tls import TlsContexts
from logcore.network.tls_alerts import alert_of
from tests.network.serving import Echo, listening, on_loop
from tests.network.test_tls import client_context, keys, settings_of, tls_client  # noqa: F401


@on_loop
async def test_who_shows_no_certificate_hears_that_one_is_required(keys):  # noqa: F811
    certificates = (keys / "ca.crt").read_text()
    tls = TlsContexts(
        settings_of(keys, client_auth="required", truststore_certificates=certificates)
    )
    async with (
        listening(Echo(), tls=tls.current) as listener,
        tls_client(listener, client_context(keys)) as client,
    ):
        client.send(b"with none")
        with pytest.raises(ssl.SSLError, match=r"(?i)certificate.required"):
            await client.receive()


@on_loop
async def test_who_speaks_too_old_a_version_hears_that(keys):  # noqa: F811
    tls = TlsContexts(settings_of(keys, enabled_protocols=("TLSv1.3",)))
    context = client_context(keys)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with listening(Echo(), tls=tls.current) as listener:
        with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
            async with tls_client(listener, context):
                pytest.fail("it must not get here")


def test_other_errors_have_no_alert():
    assert alert_of(ConnectionResetError()) == b""
    assert alert_of(None) == b""
