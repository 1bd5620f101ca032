"""The way to a registry: what is tried again, what is not, and that everything ends."""

import os
import ssl
import threading

import pytest

from logcore.common import errors
from logcore.common.config import ConfigError
from logcore.serialization.registry import transport
from logcore.serialization.registry.config import REGISTRY_CONFIG, Read
from logcore.serialization.registry.transport import Transport
from tests.interop.certificates import Authority
from tests.serialization.lying_registry import (
    HANG_UP,
    STAY_SILENT,
    LyingRegistry,
    raw,
    refusal,
    said,
)

QUICK = {"retries.wait.ms": 1, "http.read.timeout.ms": 10_000, "max.retries": 1}
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def server():
    with LyingRegistry() as running:
        yield running


@pytest.fixture
def to():
    """Make a way to some addresses, which is closed afterwards."""
    made = []

    def way(*urls, token=None, **settings):
        dotted = {name.replace("_", "."): value for name, value in settings.items()}
        told = QUICK | {"schema.registry.url": ",".join(urls)} | dotted
        made.append(Transport(Read(REGISTRY_CONFIG, told), token))
        return made[-1]

    yield way
    for each in made:
        each.close()


def test_what_is_asked(server, to):
    server.script = [said({"id": 1})]
    way = to(f"{server.url}/apis/v7/", basic_auth_user_info="me:secret")
    query = {"normalize": True, "subject": ":.a:b c", "format": None}
    assert way.ask("POST", "subjects/x/versions", query, {"schema": "gr\u00fc\u00df"}) == {"id": 1}
    (asked,) = server.asked
    assert asked.line == (
        "POST /apis/v7/subjects/x/versions?normalize=true&subject=%3A.a%3Ab+c HTTP/1.1"
    )
    assert asked.headers["Content-Type"] == "application/vnd.schemaregistry.v1+json"
    assert asked.headers["Authorization"].startswith("Basic ")
    assert asked.body == b'{"schema": "gr\\u00fc\\u00df"}'


def test_a_connection_is_kept(server, to):
    way = to(server.url)
    assert [way.ask("GET", "subjects") for _ in range(5)] == [[]] * 5
    assert server.connections == 1


def test_a_kept_connection_that_the_server_has_ended_is_no_failure(server, to):
    way = to(server.url, max_retries=0)
    way.ask("GET", "subjects")
    server.hang_up()
    assert way.ask("GET", "subjects") == []
    assert server.connections == 2


def test_another_address_is_tried_and_remembered(server, to):
    way = to(NOWHERE, server.url, max_retries=0)
    assert way.ask("GET", "subjects") == []
    assert way._first == 1


@pytest.mark.parametrize(
    "failure", [HANG_UP, refusal(503, 50003), raw(b"", 500), refusal(429, 429), b"nonsense\r\n\r\n"]
)
def test_what_may_succeed_later_is_tried_again(server, to, failure):
    server.script = [failure, said([7])]
    assert to(server.url).ask("GET", "subjects") == [7]
    assert len(server.asked) == 2


def test_what_will_not_is_not(server, to):
    server.script = [refusal(404, 40401)]
    with pytest.raises(errors.SubjectNotFoundError):
        to(server.url).ask("GET", "subjects/x/versions")
    assert len(server.asked) == 1


def test_a_registry_that_stays_busy(server, to):
    server.script = [refusal(500, 50001, "the store is broken")]
    with pytest.raises(errors.SchemaRegistryBusyError, match="the store is broken") as caught:
        to(NOWHERE, server.url).ask("GET", "subjects")
    assert len(server.asked) == 2
    assert caught.value.retriable


def test_nobody_answers(to):
    with pytest.raises(errors.SchemaRegistryUnreachableError, match="2 tries") as caught:
        to(NOWHERE, "name.invalid:8081").ask("GET", "subjects")
    assert set(caught.value.attempts) == {NOWHERE, "http:" + "//name.invalid:8081"}
    assert "refused" in caught.value.attempts[NOWHERE]
    assert isinstance(caught.value, ConnectionError)


SLOW = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"[" * 1000
NEVER_ENDING = {
    "silence": STAY_SILENT,
    "a head, byte by byte": [bytes([byte]) for byte in SLOW],
    "a body, byte by byte": [SLOW[:41], *([b"["] * 900)],
}


@pytest.mark.parametrize("answer", NEVER_ENDING.values(), ids=NEVER_ENDING)
def test_an_answer_that_never_ends(server, to, answer):
    server.script = [answer]
    way = to(server.url, **{"http.read.timeout.ms": 200, "max.retries": 0})
    with pytest.raises(errors.SchemaRegistryUnreachableError, match=r"http\.read\.timeout\.ms=200"):
        way.ask("GET", "subjects")


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (b"\0\0\0\x07\0\0\0\r\n\r\n", errors.SchemaRegistryUnreachableError, "HTTP"),
        ([SLOW[:100]], errors.SchemaRegistryUnreachableError, "no answer within"),
        (raw(b"<html>", kind="text/html"), errors.SchemaRegistryAnswerError, "text/html"),
        (raw(b"", 307, ["Location: /login"]), errors.SchemaRegistryAnswerError, "/login"),
    ],
)
def test_an_answer_that_is_none(server, to, answer, kind, message):
    server.script = [answer, HANG_UP]
    way = to(server.url, **{"max.retries": 0, "http.read.timeout.ms": 300})
    with pytest.raises(kind, match=message):
        way.ask("GET", "subjects")


def test_an_answer_without_an_end_takes_no_more_than_it_may(server, to, monkeypatch):
    monkeypatch.setattr(transport, "ANSWER_BYTES_MAX", 100_000)
    server.script = [raw(b"[" * 200_000)]
    with pytest.raises(errors.SchemaRegistryAnswerError, match="more than 100000 bytes"):
        to(server.url).ask("GET", "subjects")


def test_certificates_are_checked_both_ways(tmp_path, to):
    authority = Authority(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.trusted)
    context.load_cert_chain(authority.store("registry"))
    context.verify_mode = ssl.CERT_REQUIRED
    trust = {"schema.registry.ssl.truststore.location": str(authority.trusted)}
    own = {"schema.registry.ssl.keystore.location": str(authority.store("client"))}
    with LyingRegistry(tls=context) as server:
        assert to(server.url, **trust, **own).ask("GET", "subjects") == []
        with pytest.raises(errors.SchemaRegistryAuthError, match="truststore"):
            to(server.url, **own).ask("GET", "subjects")
        with pytest.raises(errors.SchemaRegistryUnreachableError):
            to(server.url, **trust).ask("GET", "subjects")


def test_a_token_is_asked_for_at_each_request(server, to):
    tokens = iter("ab")
    way = to(server.url, token=lambda: next(tokens))
    for _ in range(2):
        way.ask("GET", "subjects")
    assert [each.headers["Authorization"] for each in server.asked] == ["Bearer a", "Bearer b"]


def test_many_threads_at_once(server, to):
    way = to(server.url)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(way.ask("GET", "subjects"))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[]] * 20
    assert server.connections <= 20


def test_closing_ends_a_wait(server, to):
    server.script = [raw(b"", 500)]
    way = to(server.url, **{"retries.wait.ms": 60_000, "retries.max.wait.ms": 60_000})
    timer = threading.Timer(0.05, way.close)
    timer.start()
    with pytest.raises(errors.ClientClosedError):
        way.ask("GET", "subjects")
    timer.join()
    with pytest.raises(errors.ClientClosedError):
        way.ask("GET", "subjects")
    way.close()


def test_the_child_of_a_fork_makes_its_own_connections(server, to, monkeypatch):
    way = to(server.url)
    way.ask("GET", "subjects")
    monkeypatch.setattr(os, "getpid", lambda: way._pid + 1)
    way.ask("GET", "subjects")
    assert server.connections == 2


@pytest.mark.parametrize("settings", [{}, {"schema.registry.url": ""}])
def test_an_address_must_be_given(settings):
    with pytest.raises(ConfigError, match=r"schema\.registry\.url"):
        Transport(Read(REGISTRY_CONFIG, settings))
