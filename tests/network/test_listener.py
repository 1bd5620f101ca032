"""Listeners: limits, idle connections, stopping, and many connections at once."""

import asyncio
import logging
import resource
import socket
import struct
import tracemalloc

import pytest

from logcore.common.rates import Window
from logcore.network.binding import ListenError
from logcore.network.connection_rates import ConnectionRates
from logcore.network.limits import ConnectionLimits
from logcore.network.listener import Listener
from tests.network.serving import (
    Answering,
    Echo,
    Parking,
    blocking_socket,
    connected,
    framed,
    listening,
    on_loop,
    service_of,
    until,
)


@on_loop
async def test_a_port_in_use_is_an_error_and_nothing_stays_open():
    async with listening(Echo()) as listener:
        second = Listener("OTHER", "127.0.0.1", listener.port, Echo(), listener.service)
        with pytest.raises(ListenError, match="in use"):
            second.start()
        await second.stop()


@on_loop
async def test_idle_connections_are_closed_and_busy_ones_not():
    async with (
        listening(Echo(), idle_max_ms=200) as listener,
        connected(listener) as idle,
        connected(listener) as busy,
    ):
        idle_closed = asyncio.ensure_future(idle.is_closed())
        for _ in range(30):
            busy.send(b"still here")
            await busy.receive()
            await asyncio.sleep(0.02)
        assert idle_closed.done()
        assert listener.service.stats.closed_idle == 1
        assert await busy.is_closed()


@on_loop
async def test_who_waits_for_an_answer_is_not_idle():
    parking = Parking()
    async with listening(parking, idle_max_ms=100) as listener, connected(listener) as client:
        client.send(b"long poll")
        await asyncio.sleep(0.4)
        assert len(listener.connections) == 1
        parking.parked[0][1].complete([b"finally.."])
        assert await client.receive() == b"finally.."
        assert await client.is_closed()


@on_loop
async def test_who_never_reads_is_closed_in_the_end():
    async with listening(Answering(lambda _: [bytes(1_000_000)]), idle_max_ms=200) as listener:
        with blocking_socket(listener) as client:
            client.sendall(framed(b"give me!") * 50)
            await until(lambda: listener.service.stats.closed_idle)
            await until(lambda: not listener.connections)


@on_loop
async def test_half_a_request_is_idle_too():
    async with listening(Echo(), idle_max_ms=100) as listener, connected(listener) as client:
        client.write(framed(b"never complete")[:-1])
        assert await client.is_closed()


@on_loop
async def test_an_address_may_have_so_many_connections(caplog):
    limits = ConnectionLimits(per_ip_max=2)
    async with listening(Echo(), limits=limits) as listener:
        async with connected(listener) as one, connected(listener) as two:
            for client in (one, two):
                client.send(b"answered")
                await client.receive()
            async with connected(listener) as three:
                assert await three.is_closed()
        assert "has 2 connections already" in caplog.text
        assert listener.service.stats.refused == 1
        await until(lambda: limits.count == 0)
        async with connected(listener) as again:
            again.send(b"answered")
            assert await again.receive() == b"answered"


@on_loop
async def test_above_the_total_nobody_is_accepted_until_somebody_leaves(caplog):
    async with (
        listening(Echo(), limits=ConnectionLimits(total_max=1)) as listener,
        connected(listener) as first,
    ):
        first.send(b"answered")
        await first.receive()
        async with connected(listener) as second:
            second.send(b"patience")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(second.receive(), 0.1)
            first.close()
            assert await second.receive() == b"patience"
    assert "max.connections is 1" in caplog.text


@on_loop
async def test_connections_come_no_faster_than_their_rate():
    rates = ConnectionRates(20, window=Window(2, 1000))
    async with listening(Echo(), limits=ConnectionLimits(rates=rates)) as listener:
        clients = [blocking_socket(listener) for _ in range(25)]
        begin = asyncio.get_running_loop().time()
        await until(lambda: listener.service.stats.accepted == 25)
        assert asyncio.get_running_loop().time() - begin > 0.1
        for client in clients:
            client.close()


@on_loop
async def test_whoever_comes_too_often_from_one_address_is_kept_waiting_and_closed():
    limits = ConnectionLimits(rates=ConnectionRates(window=Window(2, 200)))
    limits.rates.address_max = {"127.0.0.1": 10, None: 1000}
    async with listening(Echo(), limits=limits) as listener:
        async with connected(listener) as first, connected(listener):
            begin = asyncio.get_running_loop().time()
            async with connected(listener) as third:
                assert await third.is_closed()
            assert asyncio.get_running_loop().time() - begin > 0.05
            first.send(b"still here")
            assert await first.receive() == b"still here"
        stats = listener.service.stats
        assert (stats.accepted, stats.throttled, limits.count) == (2, 1, 0) or limits.count <= 2
        held = blocking_socket(listener)
        held.close()


@on_loop
async def test_stopping_lets_requests_be_answered():
    parking = Parking()
    async with listening(parking) as listener, connected(listener) as client:
        client.send(b"in flight")
        await until(lambda: parking.parked)
        stopping = asyncio.ensure_future(listener.stop(5_000))
        await asyncio.sleep(0.02)
        assert not stopping.done()
        with pytest.raises(ConnectionRefusedError):
            blocking_socket(listener)
        client.send(b"too late")
        parking.parked[0][1].complete([b"answered"])
        assert await client.receive() == b"answered"
        assert await client.is_closed()
        await stopping
        assert len(parking.parked) == 1


@on_loop
async def test_stopping_does_not_wait_for_ever():
    parking = Parking()
    async with listening(parking) as listener, connected(listener) as client:
        client.send(b"in flight")
        await until(lambda: parking.parked)
        await listener.stop(50)
        assert not listener.connections
        assert await client.is_closed()


@on_loop
async def test_sockets_have_the_options_that_are_set():
    options = {}

    class Asking(Echo):
        def handle(self, connection, frame):
            accepted = connection._transport.get_extra_info("socket")
            for level, name in (
                (socket.SOL_SOCKET, socket.SO_RCVBUF),
                (socket.SOL_SOCKET, socket.SO_SNDBUF),
                (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                (socket.IPPROTO_TCP, socket.TCP_NODELAY),
            ):
                options[name] = accepted.getsockopt(level, name)
            return super().handle(connection, frame)

    service = service_of(send_buffer_bytes=50_000, receive_buffer_bytes=60_000)
    async with listening(Asking(), service) as listener, connected(listener) as client:
        client.send(b"look at it")
        await client.receive()
    assert options == {  # Linux doubles what is asked for
        socket.SO_RCVBUF: 120_000,
        socket.SO_SNDBUF: 100_000,
        socket.SO_KEEPALIVE: 1,
        socket.TCP_NODELAY: 1,
    }


@on_loop
async def test_addresses_over_both_families():
    parking = Parking()
    listener = Listener("PLAINTEXT", "", 0, parking, service_of())
    listener.start()
    hosts = ["127.0.0.1", "127.0.0.2"] + (["::1"] if listener.is_dual else [])
    for host in hosts:
        with socket.create_connection((host, listener.port)) as client:
            client.sendall(framed(b"where am I"))
            await until(lambda: parking.connections)
            connection = parking.connections.pop()
            assert (connection.local_host, connection.peer_host) in {
                (host, host),
                (host, "127.0.0.1"),
            }
    await listener.stop()


@on_loop
async def test_running_out_of_files_is_survived(caplog):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with listening(Echo()) as listener:
        clients = [blocking_socket(listener) for _ in range(10)]
        await until(lambda: listener.service.stats.accepted == 10)
        clients += [socket.socket() for _ in range(10)]
        used = max(client.fileno() for client in clients) + 1
        resource.setrlimit(resource.RLIMIT_NOFILE, (used, hard))
        try:
            for client in clients[10:]:
                client.connect(("127.0.0.1", listener.port))
            await until(lambda: "cannot accept connections" in caplog.text)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        await until(lambda: listener.service.stats.accepted == 20)
        for client in clients:
            client.close()


@on_loop
async def test_five_thousand_connections_in_bounded_memory():
    count = 5_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * count + 200:
        pytest.skip(f"may open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * count + 200), hard))
    async with listening(Echo(), backlog=1024) as listener:
        tracemalloc.start()
        clients = []
        try:
            for index in range(count):
                clients.append(client := blocking_socket(listener))
                client.sendall(framed(b"hello there"))
                if index % 50 == 0:
                    await asyncio.sleep(0)
            await until(lambda: listener.service.stats.received_bytes == count * 15)
            for client in clients:
                client.sendall(struct.pack(">i", 50_000_000) + b"the beginning")
            await until(lambda: listener.service.stats.received_bytes == count * (15 + 17))
            current, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert len(listener.connections) == count
        assert current < count * 10_000
        for client in clients:
            client.close()
        await until(lambda: not listener.connections)


@on_loop
async def test_memory_for_frames_in_progress_has_a_limit(caplog):
    caplog.set_level(logging.INFO)
    async with listening(Echo(), buffered_max_bytes=3_000_000) as listener:
        clients = []
        for _ in range(10):
            clients.append(client := blocking_socket(listener))
            client.setblocking(False)
        sent = dict.fromkeys(clients, 0)
        body = framed(bytes(2_000_000))

        def push(client):
            try:
                sent[client] += client.send(body[sent[client] : sent[client] + 100_000])
            except BlockingIOError:
                return

        received = dict.fromkeys(clients, 0)

        def pull(client):
            try:
                received[client] += len(client.recv(1 << 20))
            except BlockingIOError:
                return

        peak = 0
        while any(count < len(body) for count in received.values()):
            for client in clients:
                push(client)
                pull(client)
            await asyncio.sleep(0)
            held = sum(connection.held_bytes for connection in listener.connections)
            peak = max(peak, held)
        assert peak <= 3_000_000 + 2 * 2_300_000
        for client in clients:
            client.close()
