"""The HTTP server for probes and metrics: what it answers, and whom it shows the door."""

import asyncio
import contextlib
from http import HTTPStatus

import pytest

from logcore.network import http
from logcore.network.binding import ListenError
from logcore.network.http import HEAD_BYTES_MAX, HttpResponse, HttpServer
from tests.network.serving import on_loop, until


def fail() -> HttpResponse:
    raise ValueError("a mistake of ours")


ROUTES = {
    "/hello": lambda: HttpResponse(HTTPStatus.OK, b"hello\n"),
    "/facts": lambda: HttpResponse.of_json(HTTPStatus.SERVICE_UNAVAILABLE, {"done": 3}),
    "/large": lambda: HttpResponse(HTTPStatus.OK, bytes(3_000_000)),
    "/fail": fail,
}


@contextlib.asynccontextmanager
async def serving():
    server = HttpServer("127.0.0.1", 0, ROUTES)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def ask(server, *requests):
    """Send some bytes, and return all that comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for request in requests:
        writer.write(request)
        await asyncio.sleep(0.005)
    try:
        return await reader.read()
    finally:
        writer.close()


def get(path, *headers, method="GET", version="1.1"):
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", *headers, "", ""]
    return "\r\n".join(lines).encode()


CLOSE = "Connection: close"


@on_loop
async def test_a_page():
    async with serving() as server:
        head, _, body = (await ask(server, get("/hello", CLOSE))).partition(b"\r\n\r\n")
    assert body == b"hello\n"
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 200 OK",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Length: 6",
        b"Cache-Control: no-store",
        b"Connection: close",
    ]


@on_loop
async def test_facts_and_a_status():
    async with serving() as server:
        answer = await ask(server, get("/facts?verbose", CLOSE))
    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json")
    assert answer.endswith(b'\r\n\r\n{"done": 3}\n')


@on_loop
async def test_head_has_the_length_and_no_body():
    async with serving() as server:
        answer = await ask(server, get("/hello", CLOSE, method="HEAD"))
    assert b"Content-Length: 6\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


@on_loop
async def test_a_connection_is_kept():
    async with serving() as server:
        answer = await ask(server, get("/hello") + get("/hello"), get("/hello", CLOSE))
        old = await ask(server, get("/hello", version="1.0"))
    assert answer.count(b"\r\n\r\nhello\n") == 3
    assert old.count(b"\r\n\r\nhello\n") == 1


@on_loop
async def test_a_large_page():
    async with serving() as server:
        answer = await ask(server, get("/large", CLOSE))
    assert answer.endswith(bytes(3_000_000))


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (get("/nowhere", CLOSE), b"404 Not Found"),
        (get("/fail", CLOSE), b"500 Internal Server Error"),
        (get("/hello", method="POST"), b"405 Method Not Allowed"),
        (get("/hello", "Content-Length: 5") + b"12345", b"400 Bad Request"),
        (get("/hello", "Transfer-Encoding: chunked"), b"400 Bad Request"),
        (b"\r\n\r\n", b"400 Bad Request"),
        (b"\x16\x03\x01\x02\0\x01\0\r\n\r\n", b"400 Bad Request"),
        (b"GET /hello SPDY/3\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * HEAD_BYTES_MAX, b"431 Request Header Fields Too Large"),
    ],
)
@on_loop
async def test_what_is_refused(request_, status):
    async with serving() as server:
        answer = await ask(server, request_)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.count(b"HTTP/1.1") == 1


@on_loop
async def test_who_says_nothing_is_closed(monkeypatch):
    monkeypatch.setattr(http, "IDLE_SECONDS", 0.05)
    async with serving() as server:
        with contextlib.suppress(ConnectionError):
            assert await ask(server, b"GET /hello") == b""
        await until(lambda: not server.connections)


@on_loop
async def test_only_so_many_connections(monkeypatch):
    monkeypatch.setattr(http, "CONNECTIONS_MAX", 2)
    async with serving() as server:
        opened = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
        await until(lambda: len(server.connections) == 2)
        with contextlib.suppress(ConnectionError):
            assert await ask(server, get("/hello")) == b""
        for _, writer in opened:
            writer.close()


@on_loop
async def test_a_port_in_use():
    async with serving() as server:
        with pytest.raises(ListenError, match="in use"):
            await HttpServer("127.0.0.1", server.port, ROUTES).start()
