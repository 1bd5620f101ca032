"""A POST comes back in time and in bounds, whatever the server does, or says why not."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from logcore.client.oauth.http import BYTES_MAX, Limits, Post, post
from logcore.common.errors import TokenUnavailableError
from tests.client.oauth.identity_provider import identity_provider
from tests.interop.certificates import Authority

LIMITS = Limits(5, 5, ssl.create_default_context())
HASTY = Limits(0.2, 0.2, ssl.create_default_context())


def sent(url: str, limits: Limits = LIMITS) -> tuple[int, bytes]:
    return asyncio.run(post(Post(url, {"Authorization": "Basic secret"}, b"a=b"), limits))


def refusal(url: str, limits: Limits = LIMITS) -> str:
    with pytest.raises(TokenUnavailableError) as caught:
        sent(url, limits)
    assert "secret" not in str(caught.value)
    assert url in str(caught.value)
    return str(caught.value)


@contextmanager
def server(serve: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server of bytes, for one connection at a time."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            while True:
                try:
                    accepted, _ = listening.accept()
                except OSError:
                    return
                with accepted:
                    try:
                        accepted.recv(65536)
                        serve(accepted)
                    except OSError:
                        pass

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/token"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def token_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "logcore-token"]


def until_no_thread_is_left() -> None:
    for thread in token_threads():
        thread.join(5)
    assert token_threads() == []


def test_status_and_body_come_back():
    with identity_provider() as provider:
        provider.behave = lambda asked: asked.answer(418, b"teapot")
        assert sent(provider.url) == (418, b"teapot")
        assert provider.asked == [{"a": "b"}]


def test_nothing_is_followed_to_another_place():
    with identity_provider() as other, identity_provider() as provider:

        def elsewhere(asked):
            asked.send_response(302)
            asked.send_header("Location", other.url)
            asked.send_header("Content-Length", "0")
            asked.end_headers()

        provider.behave = elsewhere
        assert sent(provider.url)[0] == 302
        assert other.asked == []


def test_nobody_is_there():
    assert "refused" in refusal("http://127.0.0.1:1/token")
    refusal("http://localhost:1/token".replace("localhost", "no.such.name.invalid"))


def test_a_body_without_end():
    def endless(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with server(endless) as url:
        assert str(BYTES_MAX) in refusal(url)


def test_a_body_that_is_said_to_be_huge():
    with server(
        lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n")
    ) as url:
        refusal(url)  # cut off, or reset, as it happens


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"])
def test_an_answer_that_trickles(head):
    def trickle(connection):
        connection.sendall(head)
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)

    with server(trickle) as url:
        start = time.monotonic()
        assert "sasl.login.read.timeout.ms" in refusal(url, HASTY)
        assert time.monotonic() - start < 4  # and not for as long as it goes on
        until_no_thread_is_left()


def test_a_server_that_says_nothing():
    release = threading.Event()
    with server(lambda _: release.wait(10)) as url:
        assert "sasl.login.read.timeout.ms" in refusal(url, HASTY)
        until_no_thread_is_left()
        release.set()


def test_a_server_that_does_not_speak_tls():
    release = threading.Event()
    with server(lambda _: release.wait(10)) as url:
        assert "sasl.login.connect.timeout.ms" in refusal(url.replace("http:", "https:"), HASTY)
        release.set()
    with server(lambda connection: connection.sendall(b"220 SMTP\r\n")) as url:
        assert "TLS failed" in refusal(url.replace("http:", "https:"))


@pytest.mark.parametrize("said", [b"", b"SSH-2.0\r\n", b"HTTP/1.1 x y\r\n\r\n"])
def test_what_is_no_http(said):
    with server(lambda connection: connection.sendall(said)) as url:
        refusal(url)


def test_a_waiter_that_is_cancelled_leaves_no_thread():
    release = threading.Event()

    async def main(url: str) -> None:
        task = asyncio.ensure_future(post(Post(url, {}, b""), LIMITS))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.wait([task])

    with server(lambda _: release.wait(10)) as url:
        asyncio.run(main(url))
        until_no_thread_is_left()
        release.set()


def test_tls_is_checked(tmp_path):
    authority = Authority(tmp_path)
    with identity_provider(certificate=authority.store("provider")) as provider:
        provider.behave = lambda asked: asked.answer(200, b"{}")
        assert "not trusted" in refusal(provider.url)
        trusting = ssl.create_default_context(cafile=str(authority.trusted))
        assert sent(provider.url, Limits(5, 5, trusting)) == (200, b"{}")
    with identity_provider(certificate=authority.store("other"), host="127.0.0.2") as elsewhere:
        assert "not trusted" in refusal(elsewhere.url, Limits(5, 5, trusting))
