"""How fast requests and bytes pass a listener, with handlers that do next to nothing.

Small requests are 200 bytes with answers of 64; large ones bring or fetch a mebibyte. The client is
blocking sockets in this process, the server another process; both share the machine's cores.
Invariant: an iteration counts only what was answered in full, and begins after one that was not
counted.
Neighbours: `network_server` has the servers.
"""

import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from functools import cache, partial
from time import perf_counter

import pytest

from benches.network_server import ANSWER_BYTES, LARGE_KEY, MEBIBYTE, SERVERS
from benches.rounds import OPEN, REPLAY, Contest, Measured, each, label, report_to

SUBJECT = "network"
REQUEST_BYTES = 200


@cache
def port_of(name: str) -> int:
    """Return the port of a server that runs until this process ends."""
    server = subprocess.Popen(
        [sys.executable, "-m", "benches.network_server", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    OPEN.callback(server.wait)
    OPEN.callback(server.stdin.close)
    OPEN.callback(server.stdout.close)
    return int(server.stdout.readline())


@cache
def connections(name: str, count: int) -> list[socket.socket]:
    opened = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port_of(name)))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        OPEN.callback(connection.close)
        opened.append(connection)
    return opened


def request(size_bytes: int, api_key: int = 0) -> bytes:
    """Return a frame of a size, its length included."""
    return struct.pack(">ihhi", size_bytes - 4, api_key, 0, 7).ljust(size_bytes, b"x")


INTO = memoryview(bytearray(4 * MEBIBYTE))


def receive(connection: socket.socket, count: int) -> None:
    while count:
        received = connection.recv_into(INTO, min(count, len(INTO)))
        assert received, "the server closed"
        count -= received


def asked(
    name: str, count: int, depth: int, sent: bytes, answer_bytes: int, times: int
) -> Measured:
    """Keep requests in flight on some connections, as many on each as `depth`."""
    opened = connections(name, count)
    burst, due = sent * depth, (4 + answer_bytes) * depth
    ask(opened, burst, due, 1)
    start = perf_counter()
    ask(opened, burst, due, times)
    return Measured(perf_counter() - start, times * count * depth)


def ask(opened: list[socket.socket], burst: bytes, due: int, times: int) -> None:
    for connection in opened:
        connection.sendall(burst)
    for _ in range(times - 1):
        for connection in opened:
            receive(connection, due)
            connection.sendall(burst)
    for connection in opened:
        receive(connection, due)


def small(name: str, count: int, depth: int) -> Measured:
    times = max(20, 20_000 // (count * depth))
    return asked(name, count, depth, request(REQUEST_BYTES), ANSWER_BYTES, times)


def large_in(name: str) -> Measured:
    return asked(name, 4, 1, request(MEBIBYTE), ANSWER_BYTES, 200)


def large_out(name: str) -> Measured:
    return asked(name, 4, 2, request(40, LARGE_KEY), MEBIBYTE + 4, 100)


def contests() -> list[Contest]:
    made = []

    def add(case: str, run: Callable[..., Measured], size_bytes: int, *rest: int) -> None:
        runs = {name: partial(run, name, *rest) for name in SERVERS}
        made.append(Contest(SUBJECT, case, runs, size_bytes, "request", "none"))

    add("one at a time", small, 0, 1, 1)
    add("16 in flight", small, 0, 1, 16)
    add("8 connections, 16 in flight each", small, 0, 8, 16)
    add("1 MiB requests, 4 connections", large_in, MEBIBYTE)
    add("1 MiB answers from a map, 4 connections, 2 in flight each", large_out, MEBIBYTE)
    return made


@pytest.mark.benchmark(timer=REPLAY)
@pytest.mark.parametrize(("contest", "name"), each(contests()), ids=label)
def test_network(benchmark, contest, name):
    report_to(benchmark, contest, name)
