"""Keys are read from a file or a URL, kept fresh, and asked for not too often."""

import http.server
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from logcore.broker.security.jwks import (
    KeySet,
    KeySetSettings,
    SignedTokens,
    check_url,
    read,
)
from logcore.broker.security.jws import UnknownKeyError
from logcore.broker.security.jwt import ClaimRules
from logcore.broker.security.oauthbearer import TokenRefusedError
from logcore.common.clock import ManualScheduler
from logcore.common.config import ConfigError
from logcore.common.deferred import Deferred
from tests.broker.security.signing import CLAIMS, NOW_MS, jwks, token


class Elsewhere:
    """Runs what may block when a test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[object, Deferred[bytes]]] = []

    def __call__(self, work):
        self.waiting.append((work, Deferred()))
        return self.waiting[-1][1]

    def run(self) -> None:
        waiting, self.waiting = self.waiting, []
        for work, done in waiting:
            try:
                value = work()  # type: ignore[operator]
            except Exception as error:  # noqa: BLE001 - handed on
                done.fail(error)
            else:
                done.complete(value)


class Kept:
    """A set of keys in a file, and time."""

    def __init__(self, path: Path, **settings: int) -> None:
        self.path = path
        self.scheduler = ManualScheduler(start_ms=NOW_MS)
        self.elsewhere = Elsewhere()
        self.set = KeySet(KeySetSettings(path.as_uri(), **settings), self.scheduler, self.elsewhere)

    @property
    def names(self) -> list[str | None]:
        return [key.key_id for key in self.set.keys]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    path = tmp_path / "some keys.json"
    path.write_bytes(jwks("one"))
    made = Kept(path, refresh_ms=1000, retry_ms=100, retry_max_ms=300)
    made.set.start()
    return made


def test_they_are_read_at_once_and_again_after_a_while(kept: Kept):
    assert kept.names == ["one"]
    kept.path.write_bytes(jwks("two"))
    kept.scheduler.advance(999)
    assert not kept.elsewhere.waiting
    kept.scheduler.advance(1)
    kept.elsewhere.run()
    assert kept.names == ["two"]
    kept.set.stop()
    kept.scheduler.advance(10_000)
    assert not kept.elsewhere.waiting


def test_a_failure_keeps_what_there_was_and_is_tried_again(kept: Kept, caplog):
    kept.path.write_bytes(b"not any more")
    kept.scheduler.advance(1000)
    waits = []
    for _ in range(4):
        kept.elsewhere.run()
        waited = 0
        while not kept.elsewhere.waiting:
            kept.scheduler.advance(10)
            waited += 10
        waits.append(waited)
    assert waits == [100, 200, 300, 300]
    assert kept.names == ["one"]
    assert "could not be read" in caplog.text
    kept.path.write_bytes(jwks("two"))
    kept.elsewhere.run()
    assert kept.names == ["two"]


def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"jwks\.endpoint\.url: no keys in file:"):
        Kept(tmp_path / "nothing").set.start()


def test_a_server_that_is_away_does_not(caplog):
    scheduler = ManualScheduler(start_ms=NOW_MS)
    keys = KeySet(KeySetSettings("http://127.0.0.1:1/jwks"), scheduler, Elsewhere())
    keys.start()
    assert keys.keys == []
    assert "could not be read" in caplog.text
    with pytest.raises(UnknownKeyError):
        SignedTokens(keys, ClaimRules(), scheduler.now_ms)(token())


def test_an_unknown_key_is_sought_once_in_a_while(kept: Kept):
    logins = SignedTokens(kept.set, ClaimRules(), kept.scheduler.now_ms)
    assert logins(token()).name == "alice"
    kept.set.stop()
    kept.path.write_bytes(jwks("two"))
    for _ in range(5):
        with pytest.raises(UnknownKeyError):
            logins(token(name="two"))
    assert len(kept.elsewhere.waiting) == 1
    kept.elsewhere.run()
    assert logins(token(name="two")).name == "alice"
    kept.set.stop()
    with pytest.raises(UnknownKeyError):
        logins(token(name="three"))
    assert not kept.elsewhere.waiting
    kept.scheduler.advance(60_000)
    with pytest.raises(UnknownKeyError):
        logins(token(name="three"))
    assert len(kept.elsewhere.waiting) == 1


def test_a_signature_alone_is_not_enough(kept: Kept):
    logins = SignedTokens(kept.set, ClaimRules(), kept.scheduler.now_ms)
    with pytest.raises(TokenRefusedError, match="is expired"):
        logins(token(CLAIMS | {"exp": NOW_MS // 1000}))


def test_a_set_without_keys_is_warned_of(tmp_path: Path, caplog):
    caplog.set_level(logging.WARNING)
    (tmp_path / "empty").write_bytes(b'{"keys": []}')
    Kept(tmp_path / "empty").set.start()
    assert "has no key" in caplog.text


class Sending(http.server.BaseHTTPRequestHandler):
    """Answers with keys, with too much, or by sending on."""

    def do_GET(self) -> None:
        sent_on = {"/on": "/keys", "/file": "file:///etc/passwd", "/ftp": "ftp://127.0.0.1/x"}
        if self.path in sent_on:
            self.send_response(302)
            self.send_header("Location", sent_on[self.path])
            self.end_headers()
            return
        self.send_response(200 if self.path != "/missing" else 404)
        self.end_headers()
        self.wfile.write(jwks("one") if self.path == "/keys" else bytes((1 << 20) + 1))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sending) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


def test_keys_from_a_url(server: str):
    assert read(f"{server}/keys") == jwks("one")
    assert read(f"{server}/on") == jwks("one")


@pytest.mark.parametrize("path", ["large", "missing"])
def test_what_a_server_cannot_give(server: str, path: str):
    with pytest.raises((OSError, ValueError)):
        read(f"{server}/{path}")


@pytest.mark.parametrize("path", ["file", "ftp"])
def test_cve_2025_27817_a_server_cannot_have_files_read(server: str, path: str):
    with pytest.raises(OSError, match=r"."):
        read(f"{server}/{path}")


@pytest.mark.parametrize("url", ["ftp://x/y", "jwks.json", "data:,x", "https://", "jar:file:/x!/y"])
def test_what_is_no_url_for_keys(url: str):
    with pytest.raises(ConfigError, match=r"^key: "):
        check_url("key", url)
    check_url("key", "https://127.0.0.1/keys")
