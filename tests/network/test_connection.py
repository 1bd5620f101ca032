"""Connections over real sockets: order, back-pressure, and bytes that nobody should send."""

import asyncio
import contextlib
import logging
import os
import socket
import struct
import tracemalloc
from functools import partial
from typing import Any

import pytest

from logcore.common.deferred import Deferred
from logcore.network.connection import SLOTS_MAX
from logcore.network.outbox import WRITE_HIGH_BYTES
from tests.network.serving import (
    Answering,
    Echo,
    Parking,
    blocking_socket,
    connected,
    framed,
    listening,
    on_loop,
    until,
)


@on_loop
async def test_frames_of_every_size_come_back():
    async with listening(Echo()) as listener, connected(listener) as client:
        for size in (8, 100, 5_000, 131_068, 131_069, 200_000, 3_000_000, 9, 1_500_000, 150_000):
            body = os.urandom(size)
            client.send(body)
            assert await client.receive() == body


@on_loop
async def test_a_stream_split_anywhere_is_the_same_stream():
    bodies = [b"a" * 8, b"b" * 9, b"c" * 20]
    stream = b"".join(map(framed, bodies))
    async with listening(Echo()) as listener:
        for split in range(1, len(stream)):
            async with connected(listener) as client:
                client.write(stream[:split])
                await asyncio.sleep(0)
                await asyncio.sleep(0.001)
                client.write(stream[split:])
                assert [await client.receive() for _ in bodies] == bodies


@on_loop
async def test_a_stream_byte_by_byte():
    async with listening(Echo()) as listener, connected(listener) as client:
        for byte in framed(b"slow and steady") + framed(b"to the very end"):
            client.write(bytes([byte]))
            await asyncio.sleep(0.001)
        assert await client.receive() == b"slow and steady"
        assert await client.receive() == b"to the very end"


@on_loop
async def test_ten_thousand_pipelined_requests_are_answered_in_order():
    count = 10_000
    async with listening(Echo()) as listener, connected(listener) as client:
        client.send(*(struct.pack(">q", number) for number in range(count)))
        for number in range(count):
            assert await client.receive() == struct.pack(">q", number)


@on_loop
async def test_answers_that_come_out_of_order_leave_in_order():
    parking = Parking()
    async with listening(parking) as listener, connected(listener) as client:
        client.send(*(b"request%d" % number for number in range(9)))
        await until(lambda: len(parking.parked) == 9)
        for number in (4, 2, 8, 0, 1, 3, 7, 6, 5):
            body, answer = parking.parked[number]
            answer.complete([body])
        assert [await client.receive() for _ in range(9)] == [b"request%d" % n for n in range(9)]


@on_loop
async def test_an_answer_at_once_waits_for_one_that_is_parked():
    class Mixed(Parking):
        def handle(self, connection, frame):
            if frame[0] == ord("p"):
                return super().handle(connection, frame)
            return [bytes(frame)]

    mixed = Mixed()
    async with listening(mixed) as listener, connected(listener) as client:
        client.send(b"at once 1", b"parked 2", b"at once 3")
        assert await client.receive() == b"at once 1"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.receive(), 0.05)
        body, answer = mixed.parked[0]
        answer.complete([body])
        assert await client.receive() == b"parked 2"
        assert await client.receive() == b"at once 3"


@on_loop
async def test_no_answer_takes_no_place_in_the_order():
    def answer(frame):
        if frame[0] == ord("l"):
            return Deferred.of(None)
        return None if frame[0] == ord("s") else [bytes(frame)]

    async with listening(Answering(answer)) as listener, connected(listener) as client:
        client.send(b"silence..", b"answered", b"later....", b"silence..", b"answered too")
        assert await client.receive() == b"answered"
        assert await client.receive() == b"answered too"


@on_loop
async def test_too_many_unanswered_requests_stop_reading():
    parking = Parking()
    async with listening(parking) as listener, connected(listener) as client:
        client.send(*(b"request%d" % number for number in range(SLOTS_MAX * 3)))
        await until(lambda: len(parking.parked) == SLOTS_MAX)
        await asyncio.sleep(0.02)
        assert len(parking.parked) == SLOTS_MAX
        while parking.parked:
            body, answer = parking.parked.pop(0)
            answer.complete([body])
            assert await client.receive() == body
            await asyncio.sleep(0)
            assert len(parking.parked) <= SLOTS_MAX
        assert len(parking.connections) == SLOTS_MAX * 3


@on_loop
async def test_who_does_not_read_is_not_served_further():
    generous = Answering(lambda _: [b"x" * 100_000])
    async with listening(generous) as listener:
        with blocking_socket(listener) as client:
            client.sendall(framed(b"give me!") * 1_000)
            await until(lambda: generous.frames > 5)
            await asyncio.sleep(0.1)
            served = generous.frames
            await asyncio.sleep(0.1)
            assert generous.frames == served < 200
            (connection,) = listener.connections
            assert not connection.is_reading
            client.setblocking(False)
            received = 0
            while received < 1_000 * 100_004:
                with contextlib.suppress(BlockingIOError):
                    received += len(client.recv(1 << 20))
                await asyncio.sleep(0)
            assert generous.frames == 1_000


@on_loop
async def test_a_request_that_is_kept_is_never_overwritten():
    kept_frames = []

    def keep(frame):
        kept_frames.append(frame[4:])
        return [bytes(frame[:8])]

    bodies = [os.urandom(size) for size in (10, 3_000, 20_000, 100_000, 140_000, 600_000) * 4]
    async with listening(Answering(keep)) as listener, connected(listener) as client:
        for body in bodies:
            client.send(body)
        for body in bodies:
            assert await client.receive() == body[:8]
    for body, kept in zip(bodies, kept_frames, strict=True):
        assert kept == body[4:]


@on_loop
async def test_a_frame_may_be_written_to():
    def stamp(frame):
        frame[:8] = b"stamped!"
        return [frame]

    async with listening(Answering(stamp)) as listener, connected(listener) as client:
        for size in (8, 100_000, 2_000_000):
            client.send(b"y" * size)
            assert await client.receive() == b"stamped!" + b"y" * (size - 8)


TOO_LARGE = "announced a request of {} bytes; socket.request.max.bytes is 1000"
BAD_BEGINNINGS = {
    b"\xff\xff\xff\xff": "announced a request of -1 bytes",
    b"\x80\0\0\0": "announced a request of -2147483648 bytes",
    b"\0\0\0\0": "announced a request of 0 bytes, too few for a header",
    b"\0\0\0\x07": "announced a request of 7 bytes, too few for a header",
    b"\x7f\xff\xff\xff": TOO_LARGE.format(2147483647),
    b"\0\0\x03\xe9": TOO_LARGE.format(1001),
    b"GET / HTTP/1.1\r\n": "speaks HTTP, and this is a port for Kafka's protocol",
    b"\x16\x03\x01\x02\x00\x01\x00\x01": "speaks TLS, and this listener does not",
}


@pytest.mark.parametrize("data", BAD_BEGINNINGS, ids=lambda data: data[:4].hex())
@on_loop
async def test_a_length_no_request_has_closes_with_one_line(data, caplog):
    caplog.set_level(logging.INFO)
    async with listening(Echo(), request_max_bytes=1000) as listener:
        async with connected(listener) as client:
            host, port = client.writer.get_extra_info("sockname")
            client.write(data)
            assert await client.is_closed()
        assert caplog.messages == [f"{host}:{port} {BAD_BEGINNINGS[data]}; closing the connection"]
        assert listener.service.stats.closed_for_cause == 1


@on_loop
async def test_what_came_before_a_bad_length_is_answered():
    async with listening(Echo()) as listener, connected(listener) as client:
        client.write(framed(b"good one") + b"\xff\xff\xff\xff" + framed(b"not seen"))
        assert await client.receive() == b"good one"
        assert await client.is_closed()


@on_loop
async def test_a_declared_length_allocates_nothing():
    async with listening(Echo()) as listener:
        clients = [blocking_socket(listener) for _ in range(50)]
        tracemalloc.start()
        try:
            for client in clients:
                client.sendall(struct.pack(">i", 100_000_000) + b"x" * 100)
            await until(lambda: listener.service.stats.received_bytes == 50 * 104)
            current, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 50 * 5_000 + 300_000, current
        for client in clients:
            client.close()


@on_loop
async def test_memory_follows_what_has_arrived():
    async with listening(Echo()) as listener, connected(listener) as client:
        stats = listener.service.stats
        client.write(struct.pack(">i", 50_000_000))
        await until(lambda: listener.connections)
        (connection,) = listener.connections
        for total in (1_000, 10_000, 100_000, 1_000_000):
            client.write(b"x" * (total - stats.received_bytes))
            await until(partial(stats_reach, stats, total))
            assert connection.held_bytes <= 2.25 * total + 4096
        client.write(b"x" * (50_000_004 - stats.received_bytes))
        assert len(await client.receive()) == 50_000_000
        assert connection.held_bytes == 0


def stats_reach(stats, received_bytes):
    return stats.received_bytes >= received_bytes


@on_loop
async def test_a_handler_that_raises_closes_its_connection_only(caplog):
    class Raising(Echo):
        def handle(self, connection, frame):
            if frame[0] == ord("r"):
                raise ValueError("a mistake of ours")
            return super().handle(connection, frame)

    async with (
        listening(Raising()) as listener,
        connected(listener) as good,
        connected(listener) as bad,
    ):
        bad.send(b"answered", b"raises...", b"not seen")
        assert await bad.receive() == b"answered"
        assert await bad.is_closed()
        assert "a request was not handled" in caplog.text
        good.send(b"still here")
        assert await good.receive() == b"still here"


@on_loop
async def test_an_answer_that_fails_closes(caplog):
    parking = Parking()
    async with listening(parking) as listener, connected(listener) as client:
        client.send(b"will fail")
        await until(lambda: parking.parked)
        parking.parked[0][1].fail(ValueError("a mistake of ours"))
        assert await client.is_closed()
    assert "a request failed" in caplog.text


@pytest.mark.parametrize("wrong", [["text"], [None], 5, [b"good", 3.5]])
@pytest.mark.parametrize("is_parked", [False, True])
@on_loop
async def test_an_answer_that_is_none_closes_its_connection_only(wrong, is_parked, caplog):
    parked: list[Deferred[Any]] = []

    def answer(frame):
        if frame[0] == ord("g"):
            return [bytes(frame)]
        if not is_parked:
            return wrong
        parked.append(Deferred())
        return parked[-1]

    async with (
        listening(Answering(answer)) as listener,
        connected(listener) as good,
        connected(listener) as bad,
    ):
        bad.send(b"bad answer")
        if is_parked:
            await until(lambda: parked)
            parked[0].complete(wrong)
        assert await bad.is_closed()
        good.send(b"good one")
        assert await good.receive() == b"good one"
    assert "closing the connection" in caplog.text


@on_loop
async def test_closing_for_a_reason_names_peer_and_reason(caplog):
    class Closing:
        def handle(self, connection, _):
            connection.close("said something rude")
            connection.close("is told so once")

    async with listening(Closing()) as listener, connected(listener) as client:
        host, port = client.writer.get_extra_info("sockname")
        client.send(b"rude words", b"more of them")
        assert await client.is_closed()
    assert caplog.messages == [f"{host}:{port} said something rude; closing the connection"]


@pytest.mark.parametrize("how", ["close", "half", "reset"])
@on_loop
async def test_when_the_peer_leaves_what_it_waits_for_is_cancelled(how):
    parking = Parking()
    gone = []
    async with listening(parking) as listener:
        client = blocking_socket(listener)
        client.sendall(framed(b"long poll"))
        await until(lambda: parking.parked)
        (connection,) = parking.connections
        connection.on_close(lambda: gone.append("first"))
        connection.on_close(forgotten := lambda: gone.append("forgotten"))
        connection.on_close(lambda: gone.append("second"))
        connection.forget(forgotten)
        if how == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if how == "half":
            client.shutdown(socket.SHUT_WR)
        else:
            client.close()
        await until(lambda: not listener.connections)
        assert gone == ["first", "second"]
        parking.parked[0][1].complete([b"too late"])
        connection.on_close(lambda: gone.append("at once"))
        assert gone[-1] == "at once"
        client.close()


@on_loop
async def test_a_reset_in_the_middle_of_an_answer():
    big = memoryview(bytes(5_000_000))
    async with listening(Answering(lambda _: [big])) as listener:
        with blocking_socket(listener) as client:
            client.sendall(framed(b"give me!") * 3)
            await until(lambda: listener.service.stats.sent_bytes)
            client.recv(1000)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await until(lambda: not listener.connections)


@on_loop
async def test_throttling_stops_reading_and_not_answering():
    class Throttling(Echo):
        def handle(self, connection, frame):
            if frame[0] == ord("t"):
                connection.throttle(80)
            return super().handle(connection, frame)

    async with listening(Throttling()) as listener, connected(listener) as client:
        clock = asyncio.get_running_loop().time
        begin = clock()
        client.send(b"throttle me", b"and then this")
        assert await client.receive() == b"throttle me"
        assert clock() - begin < 0.07
        assert await client.receive() == b"and then this"
        assert clock() - begin >= 0.075


@on_loop
async def test_a_longer_wait_takes_the_place_of_a_shorter_and_not_the_other_way_round():
    class Throttling(Echo):
        def handle(self, connection, frame):
            if bytes(frame) == b"throttle me":
                for delay_ms in (40, 120, 20):
                    connection.throttle(delay_ms)
            return super().handle(connection, frame)

    async with listening(Throttling()) as listener, connected(listener) as client:
        begin = asyncio.get_running_loop().time()
        client.send(b"throttle me", b"and then this")
        assert await client.receive() == b"throttle me"
        assert await client.receive() == b"and then this"
        assert 0.11 <= asyncio.get_running_loop().time() - begin < 1


@on_loop
async def test_large_buffers_and_small_ones_arrive_as_one_answer():
    pieces = [b"head", bytes(100_000), b"", memoryview(b"middle"), bytearray(50_000), b"tail"]
    whole = b"".join(map(bytes, pieces))
    async with (
        listening(Answering(lambda _: list(pieces))) as listener,
        connected(listener) as client,
    ):
        client.send(b"give me!", b"and more!")
        for _ in range(2):
            assert await client.receive() == whole


def test_the_standard_loop_serves_too():
    async def serve():
        async with listening(Echo()) as listener, connected(listener) as client:
            for size in (8, 200_000, 3_000_000):
                client.send(*[bytes(size)] * 3)
                assert [await client.receive() for _ in range(3)] == [bytes(size)] * 3
            client.write(b"GET / HTTP/1.1")
            assert await client.is_closed()

    asyncio.run(serve())


@on_loop
async def test_facts_of_a_connection():
    parking = Parking()
    async with listening(parking) as listener, connected(listener) as client:
        client.send(b"who am I")
        await until(lambda: parking.parked)
        (connection,) = parking.connections
        host, port = client.writer.get_extra_info("sockname")
        assert (connection.peer_host, connection.peer_port) == (host, port)
        assert connection.local_host == "127.0.0.1"
        assert connection.listener_name == "PLAINTEXT"
        assert not connection.is_tls
        assert connection.peer_certificate is None
        assert connection.peer == f"{host}:{port}"
        assert connection.unanswered_count == 1


@on_loop
async def test_work_that_one_peer_pipelines_leaves_others_their_turn():
    order = []

    class Noting(Echo):
        def handle(self, connection, frame):
            order.append(bytes(frame[:1]))
            return super().handle(connection, frame)

    async with (
        listening(Noting()) as listener,
        connected(listener) as busy,
        connected(listener) as other,
    ):
        busy.send(*[b"busy busy"] * 5_000)
        other.send(b"other....")
        assert await other.receive() == b"other...."
        assert len(order) < 5_000
        for _ in range(5_000):
            await busy.receive()


@on_loop
async def test_slow_readers_of_large_answers_cost_no_memory_of_ours():
    segment = memoryview(bytes(WRITE_HIGH_BYTES * 4))

    async with listening(Answering(lambda _: [b"head", segment])) as listener:
        clients = [blocking_socket(listener) for _ in range(50)]
        tracemalloc.start()
        try:
            for client in clients:
                client.sendall(framed(b"give me!") * 100)
            await until(lambda: len(listener.connections) == 50)
            await until(lambda: not any(c.is_reading for c in listener.connections))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 2_000_000
        for client in clients:
            client.close()
