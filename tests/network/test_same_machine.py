"""Connections within a machine are not paced; other ones are left as the system has them."""

import socket
import sys
from collections.abc import Iterator

import pytest

from logcore.network.same_machine import UNPACED, do_not_pace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a setting of Linux")


def pacing_of(connection: socket.socket) -> bytes:
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0")


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_connection_to_the_same_address(server: socket.socket) -> None:
    with socket.create_connection(server.getsockname()) as client:
        do_not_pace(client)
        assert pacing_of(client) == UNPACED


def test_a_connection_between_two_addresses(server: socket.socket) -> None:
    with socket.create_connection(server.getsockname(), source_address=("127.0.0.2", 0)) as client:
        before = pacing_of(client)
        do_not_pace(client)
        assert pacing_of(client) == before


def test_what_has_no_peer_is_left_alone(server: socket.socket) -> None:
    do_not_pace(server)
