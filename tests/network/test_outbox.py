"""Answers in order, over a transport in memory that may want a pause."""

import socket
import struct
from typing import Any

import pytest

from logcore.network.budget import ReceiveBudget
from logcore.network.outbox import WRITTEN_TOGETHER_BYTES, Outbox
from logcore.network.service import NetworkStats


class Memory:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.is_closed = False
        self.socket: socket.socket | None = None

    def set_write_buffer_limits(self, high: int, low: int) -> None:
        assert high > low

    def get_extra_info(self, name: str) -> Any:
        return self.socket if name == "socket" else None

    def get_write_buffer_size(self) -> int:
        return sum(map(len, self.writes))

    def write(self, data: Any) -> None:
        self.writelines([data])

    def writelines(self, buffers: Any) -> None:
        assert not self.is_closed
        self.writes.append(b"".join(buffers))

    def close(self) -> None:
        self.is_closed = True

    def answers(self) -> list[bytes]:
        data, found = b"".join(self.writes), []
        while data:
            (length,) = struct.unpack_from(">i", data)
            found.append(data[4 : 4 + length])
            data = data[4 + length :]
        return found


@pytest.fixture
def transport():
    return Memory()


@pytest.fixture
def outbox(transport):
    outbox = Outbox(NetworkStats(), ReceiveBudget())
    outbox.connect(transport, is_tls=False)
    return outbox


def test_answers_of_a_turn_are_one_write(outbox, transport):
    for number in range(100):
        outbox.put([b"head", b"%d" % number])
    assert transport.writes == []
    outbox.flush()
    assert len(transport.writes) == 1
    assert transport.answers() == [b"head%d" % number for number in range(100)]


def test_much_is_not_gathered_first(outbox, transport):
    outbox.put([bytes(WRITTEN_TOGETHER_BYTES)])
    assert len(transport.writes) == 1


def test_slots_keep_the_order(outbox, transport):
    slots = [outbox.reserve(None, 0) for _ in range(4)]
    for number in (2, 1, 3):
        outbox.fill(slots[number], [b"%d" % number])
        outbox.flush()
    assert transport.answers() == []
    outbox.fill(slots[0], [b"0"])
    outbox.flush()
    assert transport.answers() == [b"0", b"1", b"2", b"3"]
    assert not outbox.slots


def test_a_request_without_an_answer_lets_the_next_one_pass(outbox, transport):
    slot = outbox.reserve(None, 0)
    outbox.reserve([b"behind it"], 0)
    outbox.fill(slot, None)
    outbox.flush()
    assert transport.answers() == [b"behind it"]


def test_while_the_peer_does_not_read_answers_wait(outbox, transport):
    outbox.pause()
    outbox.reserve([b"later"], 0)
    outbox.flush()
    assert transport.writes == []
    assert outbox.resume()
    outbox.flush()
    assert transport.answers() == [b"later"]


def test_unanswered_requests_are_in_the_budget():
    budget = ReceiveBudget()
    outbox = Outbox(NetworkStats(), budget)
    slots = [outbox.reserve(None, 1000) for _ in range(3)]
    assert budget.used == outbox.held_bytes == 3000
    outbox.fill(slots[1], [b"x"])
    assert budget.used == 2000
    outbox.forget()
    assert (budget.used, len(outbox.slots)) == (0, 0)


def test_closing_writes_what_is_gathered_and_forgets_the_rest(outbox, transport):
    outbox.put([b"ready"])
    outbox.reserve(None, 10)
    outbox.close()
    assert transport.answers() == [b"ready"]
    assert transport.is_closed


def test_what_was_never_connected_can_be_closed():
    Outbox(NetworkStats(), ReceiveBudget()).close()


@pytest.fixture
def plain():
    """An outbox over one end of a pair of sockets, its transport, and the other end."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    transport = Memory()
    transport.socket = ours
    outbox = Outbox(NetworkStats(), ReceiveBudget())
    outbox.connect(transport, is_tls=False)  # type: ignore[arg-type]
    with ours, theirs:
        yield outbox, transport, theirs


def put_and_flush(outbox: Outbox, answer: list[bytes]) -> None:
    outbox.put(answer)
    outbox.flush()


@pytest.fixture(params=[put_and_flush, Outbox.send], ids=["gathered", "sole"])
def give(request):
    """Give the outbox the answer of a request that has nobody before it."""
    return request.param


def test_a_small_answer_leaves_at_once(plain, give):
    outbox, transport, peer = plain
    give(outbox, [b"n", b"ow"])
    assert peer.recv(100) == b"\0\0\0\3now"
    assert transport.writes == []


def test_what_the_socket_does_not_take_is_left_to_the_transport_in_order(plain, give):
    outbox, transport, peer = plain
    sent = b""
    for number in range(2_000):
        answer = b"%d" % number * 1_000
        give(outbox, [answer])
        sent += struct.pack(">i", len(answer)) + answer
        if transport.writes:
            break
    assert transport.writes, "the socket took everything"
    give(outbox, [b"after"])
    sent += b"\0\0\0\5after"
    received = b""
    while True:
        try:
            received += peer.recv(1 << 20)
        except BlockingIOError:
            break
    assert received + b"".join(transport.writes) == sent


def test_a_large_answer_is_written_as_it_is(plain, give):
    outbox, transport, _ = plain
    give(outbox, [b"head", bytes(100_000)])
    assert transport.answers() == [b"head" + bytes(100_000)]


def test_nothing_is_written_past_a_transport_that_is_gone(plain, give):
    outbox, transport, peer = plain
    outbox.forget()
    give(outbox, [b"late"])
    assert transport.answers() == [b"late"]
    with pytest.raises(BlockingIOError):
        peer.recv(1)
