"""Listening sockets, and the sentence for each way in which there are none."""

import os
import socket

import pytest

from logcore.network.binding import ListenError, listening_sockets, plain_host


def close(sockets):
    for listening in sockets:
        listening.close()


def can_connect(host, port):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as client:
        return client.connect_ex((host, port)) == 0


def test_an_address():
    sockets = listening_sockets("127.0.0.1", 0, 5)
    (listening,) = sockets
    assert listening.getsockname()[0] == "127.0.0.1"
    assert can_connect("127.0.0.1", listening.getsockname()[1])
    close(sockets)


def test_a_name_begins_with_ipv4_and_has_one_port():
    sockets = listening_sockets("localhost", 0, 5)
    assert sockets[0].family == socket.AF_INET
    assert len({listening.getsockname()[1] for listening in sockets}) == 1
    close(sockets)


def test_no_host_is_every_interface():
    sockets = listening_sockets("", 0, 5)
    assert can_connect("127.0.0.1", sockets[0].getsockname()[1])
    close(sockets)


def test_a_port_in_use():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ListenError) as caught:
            listening_sockets("127.0.0.1", port, 5)
    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1:{port}: the port is in use by another program"
    )


def test_a_host_nobody_knows():
    with pytest.raises(ListenError, match=r"no\.such\.host\.invalid:9092: the host is not known"):
        listening_sockets("no.such.host.invalid", 9092, 5)


def test_an_address_of_another_machine():
    with pytest.raises(ListenError, match="no interface of this machine has that address"):
        listening_sockets("192.0.2.1", 0, 5)


def test_a_port_that_does_not_exist():
    with pytest.raises(ListenError, match=r"127\.0\.0\.1:70000"):
        listening_sockets("127.0.0.1", 70_000, 5)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may listen anywhere")
def test_a_privileged_port():
    with pytest.raises(ListenError, match="ports below 1024 need privileges"):
        listening_sockets("127.0.0.1", 1, 5)


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("::1", "::1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_addresses_without_their_wrapping(host, plain):
    assert plain_host(host) == plain
