"""TLS listeners: Kafka's keys, client certificates, reloading, and whoever speaks something else.

Keys and certificates are made anew by the `openssl` command; without it these tests are skipped.
"""

import asyncio
import logging
import os
import shutil
import ssl
import subprocess
import tracemalloc
from pathlib import Path

import pytest

from logcore.common.config import ConfigError
from logcore.network.tls import TlsContexts, openssl_name, pem, server_context
from tests.network.serving import Answering, Echo, connected, framed, listening, on_loop, until

EXTENSIONS = "subjectAltName=DNS:localhost,IP:127.0.0.1"


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority, a server and a client: `<name>.key` and `<name>.crt`."""
    if shutil.which("openssl") is None and not os.environ.get("CI"):
        pytest.skip("needs the openssl command")
    folder = tmp_path_factory.mktemp("keys")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    openssl(
        "req", "-x509", "-nodes", *curve, "-days", 30, "-subj", "/CN=authority",
        "-keyout", folder / "ca.key", "-out", folder / "ca.crt",
    )  # fmt: skip
    (folder / "extensions").write_text(EXTENSIONS)
    for name in ("server", "client"):
        openssl(
            "req", "-nodes", *curve, "-subj", f"/CN={name}/O=logcore",
            "-keyout", folder / f"{name}.key", "-out", folder / "request",
        )  # fmt: skip
        openssl(
            "x509", "-req", "-in", folder / "request", "-days", 30, "-CAcreateserial",
            "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key",
            "-extfile", folder / "extensions", "-out", folder / f"{name}.crt",
        )  # fmt: skip
    store = (folder / "server.key").read_text() + (folder / "server.crt").read_text()
    (folder / "server.pem").write_text(store)
    return folder


def settings_of(keys, **more):
    store = {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(keys / "server.pem")}
    return store | {"ssl." + key.replace("_", "."): value for key, value in more.items()}


def client_context(keys, name=None):
    context = ssl.create_default_context(cafile=str(keys / "ca.crt"))
    if name:
        context.load_cert_chain(keys / f"{name}.crt", keys / f"{name}.key")
    return context


def tls_client(listener, context):
    return connected(listener, ssl=context, server_hostname="localhost")


@on_loop
async def test_frames_of_every_size_over_tls(keys):
    tls = TlsContexts(settings_of(keys))
    async with listening(Echo(), tls=tls.current) as listener:
        assert listener.is_tls
        async with tls_client(listener, client_context(keys)) as client:
            for size in (8, 5_000, 131_069, 3_000_000, 9, 200_000):
                body = os.urandom(size)
                client.send(body)
                assert await client.receive() == body
            client.send(*[b"pipelined"] * 2_000)
            assert [await client.receive() for _ in range(2_000)] == [b"pipelined"] * 2_000


@on_loop
async def test_a_slow_reader_of_much_over_tls_costs_little(keys):
    segment = memoryview(bytes(40_000_000))
    tls = TlsContexts(settings_of(keys))
    async with (
        listening(Answering(lambda _: [b"head", segment]), tls=tls.current) as listener,
        connected(listener, ssl=client_context(keys), server_hostname="localhost") as client,
    ):
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # uvloop's has it
        tracemalloc.start()
        try:
            client.send(*[b"give me!"] * 3)
            await until(lambda: listener.service.stats.sent_bytes)
            await until(lambda: not any(each.is_reading for each in listener.connections))
            await asyncio.sleep(0.05)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 5_000_000
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        for _ in range(3):
            assert len(await client.receive()) == 40_000_004


@on_loop
async def test_keys_given_as_text(keys):
    settings = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.key": (keys / "server.key").read_text().replace("\n", " "),
        "ssl.keystore.certificate.chain": (keys / "server.crt").read_text(),
    }
    async with (
        listening(Echo(), tls=TlsContexts(settings).current) as listener,
        tls_client(listener, client_context(keys)) as client,
    ):
        client.send(b"encrypted")
        assert await client.receive() == b"encrypted"


@on_loop
async def test_a_key_with_a_password(keys, tmp_path):
    openssl(
        "pkcs8", "-topk8", "-in", keys / "server.key", "-passout", "pass:open sesame",
        "-out", tmp_path / "locked.key",
    )  # fmt: skip
    store = tmp_path / "store.pem"
    store.write_text((tmp_path / "locked.key").read_text() + (keys / "server.crt").read_text())
    settings = {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(store)}
    server_context({**settings, "ssl.key.password": "open sesame"})
    for wrong in ({}, {"ssl.key.password": "guess"}):
        with pytest.raises(ConfigError, match=r"ssl\.keystore\.location: not a PEM key"):
            server_context(settings | wrong)


@pytest.mark.parametrize("auth", ["required", "requested"])
@on_loop
async def test_client_certificates(keys, auth, caplog):
    caplog.set_level(logging.INFO)
    certificates = (keys / "ca.crt").read_text()
    tls = TlsContexts(settings_of(keys, client_auth=auth, truststore_certificates=certificates))
    seen = []

    class Looking(Echo):
        def handle(self, connection, frame):
            seen.append(connection.peer_certificate)
            return super().handle(connection, frame)

    async with listening(Looking(), tls=tls.current) as listener:
        async with tls_client(listener, client_context(keys, "client")) as client:
            client.send(b"with one")
            assert await client.receive() == b"with one"
        expected = ssl.PEM_cert_to_DER_cert((keys / "client.crt").read_text())
        assert seen == [expected]
        async with tls_client(listener, client_context(keys)) as client:
            client.send(b"with none")
            if auth == "requested":
                assert await client.receive() == b"with none"
                assert seen[1] is None
            else:
                with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
                    await client.receive()
                assert "the TLS handshake failed" in caplog.text


@on_loop
async def test_reloading_is_for_new_connections_and_all_or_nothing(keys, tmp_path):
    store = tmp_path / "store.pem"
    store.write_text((keys / "server.pem").read_text())
    tls = TlsContexts({"ssl.keystore.type": "PEM", "ssl.keystore.location": str(store)})
    async with (
        listening(Echo(), tls=tls.current) as listener,
        tls_client(listener, client_context(keys)) as old,
    ):
        store.write_text("not any more")
        with pytest.raises(ConfigError):
            tls.reload()
        store.write_text((keys / "client.key").read_text() + (keys / "client.crt").read_text())
        tls.reload()
        async with tls_client(listener, client_context(keys)) as new:
            subjects = []
            for client in (old, new):
                client.send(b"still good")
                assert await client.receive() == b"still good"
                certificate = client.writer.get_extra_info("peercert")
                subjects.append(dict(pair[0] for pair in certificate["subject"])["commonName"])
        assert subjects == ["server", "client"]


@pytest.mark.parametrize("data", [framed(b"plain Kafka"), b"GET / HTTP/1.1\r\n\r\n", b"x" * 5000])
@on_loop
async def test_who_speaks_no_tls_is_closed_with_one_line(keys, data, caplog):
    caplog.set_level(logging.INFO)
    tls = TlsContexts(settings_of(keys))
    async with listening(Echo(), tls=tls.current) as listener:
        async with connected(listener) as client:
            client.write(data)
            await client.is_closed()
        assert len(caplog.messages) == 1
        assert "the TLS handshake failed" in caplog.text
        assert listener.service.stats.handshakes_failed == 1


@on_loop
async def test_who_never_shakes_hands_is_closed(keys):
    tls = TlsContexts(settings_of(keys))
    async with (
        listening(Echo(), tls=tls.current, handshake_timeout_ms=50) as listener,
        connected(listener) as client,
    ):
        assert await client.is_closed()


@on_loop
async def test_stopping_in_the_middle_of_a_handshake(keys):
    tls = TlsContexts(settings_of(keys))
    async with listening(Echo(), tls=tls.current) as listener, connected(listener):
        await asyncio.sleep(0.02)
        assert len(listener.connections) == 1


@on_loop
async def test_versions_and_suites(keys):
    suites = ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",)
    settings = settings_of(keys, enabled_protocols=("TLSv1.2",), cipher_suites=suites)
    async with (
        listening(Echo(), tls=TlsContexts(settings).current) as listener,
        tls_client(listener, client_context(keys)) as client,
    ):
        client.send(b"encrypted")
        await client.receive()
        name, version, _ = client.writer.get_extra_info("cipher")
        assert (name, version) == ("ECDHE-ECDSA-AES256-GCM-SHA384", "TLSv1.2")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, r"ssl\.keystore\.location: a TLS listener needs a key"),
        ({"ssl.keystore.location": "/nowhere.pem"}, r"cannot read /nowhere\.pem: No such file"),
        ({"ssl.keystore.key": "x"}, r"ssl\.keystore\.certificate\.chain: the key and its"),
        ({"ssl.keystore.certificate.chain": "x"}, r"ssl\.keystore\.key: the key and its"),
        ({"ssl.keystore.key": "x", "ssl.keystore.certificate.chain": "y"}, "not a PEM key"),
        ({"ssl.enabled.protocols": ("SSLv3",)}, "SSLv3 is not one of TLSv1.2, TLSv1.3"),
        ({"ssl.cipher.suites": ("TLS_X_WITH_Y",)}, r"ssl\.cipher\.suites: none of TLS_X_WITH_Y"),
    ],
)
def test_what_makes_no_context(settings, says):
    with pytest.raises(ConfigError, match=says):
        server_context(settings)


def test_client_certificates_need_somebody_to_trust(keys, tmp_path):
    with pytest.raises(ConfigError, match="needs certificates to trust"):
        server_context(settings_of(keys, client_auth="required"))
    with pytest.raises(ConfigError, match="sometimes is not one of"):
        server_context(settings_of(keys, client_auth="sometimes"))
    empty = tmp_path / "empty.pem"
    empty.write_text("-----BEGIN NOTHING-----\n")
    with pytest.raises(ConfigError, match="no PEM certificates"):
        server_context(settings_of(keys, client_auth="required", truststore_location=str(empty)))


@on_loop
async def test_keys_and_authorities_in_pkcs12_stores(keys, tmp_path):
    openssl(
        "pkcs12", "-export", "-in", keys / "server.crt", "-inkey", keys / "server.key",
        "-certfile", keys / "ca.crt", "-passout", "pass:changeit", "-out", tmp_path / "server.p12",
    )  # fmt: skip
    openssl(
        "pkcs12", "-export", "-nokeys", "-in", keys / "ca.crt", "-passout", "pass:changeit",
        "-out", tmp_path / "trust.p12",
    )  # fmt: skip
    settings = {
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": str(tmp_path / "server.p12"),
        "ssl.keystore.password": "changeit",
        "ssl.client.auth": "required",
        "ssl.truststore.type": "JKS",
        "ssl.truststore.location": str(tmp_path / "trust.p12"),
        "ssl.truststore.password": "changeit",
    }
    async with (
        listening(Echo(), tls=TlsContexts(settings).current) as listener,
        tls_client(listener, client_context(keys, "client")) as client,
    ):
        client.send(b"encrypted")
        assert await client.receive() == b"encrypted"
    with pytest.raises(ConfigError, match=r"server\.p12 is no PKCS12 store, or its password"):
        server_context(settings | {"ssl.keystore.password": "guess"})
    with pytest.raises(ConfigError, match=r"trust\.p12 has no key"):
        server_context(settings | {"ssl.keystore.location": str(tmp_path / "trust.p12")})


def test_a_java_store_is_named_as_one(tmp_path):
    store = tmp_path / "server.jks"
    store.write_bytes(b"\xfe\xed\xfe\xed\0\0\0\2")
    with pytest.raises(ConfigError, match="Java store of type JKS, which only Java reads"):
        server_context({"ssl.keystore.location": str(store)})


@pytest.mark.parametrize(
    ("standard", "name"),
    [
        ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
        ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
        ("TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"),
        ("TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "DHE-RSA-AES128-SHA"),
        ("ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES128-SHA"),
    ],
)
def test_names_of_suites(standard, name):
    assert openssl_name(standard) == name


def test_pem_on_one_line_gets_its_lines():
    body = "A" * 100
    wrapped = pem(f"-----BEGIN CERTIFICATE----- {body} -----END CERTIFICATE-----")
    lines = ["-----BEGIN CERTIFICATE-----", "A" * 64, "A" * 36, "-----END CERTIFICATE-----", ""]
    assert wrapped == "\n".join(lines)
