"""Any bytes on the port: each connection is answered or closed, with at most one line about it.

Neighbours: `fuzz_broker` sends far more, past the sockets; `tests/network` cuts frames by itself.
"""

import random
import struct
from collections.abc import Callable, Iterator

import pytest

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.api_versions import ApiVersionsRequest
from tests.broker.hostile.memory import own_kib
from tests.broker.hostile.requests import damaged, frame, framed, header_of, served
from tests.broker.wire import Wire
from tests.crash.broker_process import BrokerProcess

CONNECTIONS = 150
GROWN_MIB_MAX = 40
LIMIT = 104_857_600
MAX = b"\x7f\xff\xff\xff"
METADATA, FETCH, LIST = ApiKey.METADATA, ApiKey.FETCH, ApiKey.LIST_OFFSETS

CLOSED: dict[str, bytes] = {
    "a length below zero": b"\xff\xff\xff\xff",
    "a length of nothing": b"\0\0\0\0",
    "a length too short for a header": b"\0\0\0\7" + bytes(7),
    "a length above the limit": struct.pack(">i", LIMIT + 1),
    "the largest length": MAX,
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "TLS": bytes.fromhex("1603010200010001fc0303") + bytes(100),
    "an unknown API": framed(header_of(9_999, 0)),
    "an API below zero": framed(header_of(-1, 0)),
    "an API of brokers": framed(header_of(ApiKey.VOTE, 0)),
    "an unknown version": framed(header_of(METADATA, 99)),
    "a version below zero": framed(header_of(METADATA, -1)),
    "a client id longer than the frame": framed(struct.pack(">hhih", METADATA, 1, 7, 500)),
    "a client id of a length below null's": framed(struct.pack(">hhih", METADATA, 1, 7, -2)),
    "a client id that is no UTF-8": framed(struct.pack(">hhih", METADATA, 1, 7, 2) + b"\xff\xfe"),
    "no body": framed(header_of(FETCH, 4)),
    "a count beyond the frame": framed(header_of(METADATA, 1) + MAX),
    "a count that is compact and beyond": framed(
        header_of(METADATA, 9) + b"\0" + b"\xff\xff\xff\xff\x07"
    ),
    "a varint without an end": framed(header_of(METADATA, 9) + b"\0" + b"\xff" * 20),
    "null where it may not be": framed(header_of(LIST, 1) + b"\xff\xff\xff\xff" * 2),
    "a name that is null": framed(header_of(METADATA, 1) + struct.pack(">ih", 1, -1)),
    "a name that is no UTF-8": framed(header_of(METADATA, 1) + struct.pack(">ih", 1, 1) + b"\xff"),
    "a name longer than the frame": framed(header_of(METADATA, 1) + struct.pack(">ih", 1, 9)),
    "tags beyond the frame": framed(header_of(METADATA, 9) + b"\xff\xff\xff\xff\x0f"),
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    with BrokerProcess(tmp_path_factory.mktemp("broker")) as made:
        yield made
        assert "Traceback" not in made.log
        assert "defect" not in made.log
        assert made.stop() == 0


def lines_of(broker: BrokerProcess) -> int:
    return len(broker.log.splitlines())


def is_closed_after(broker: BrokerProcess, data: bytes) -> bool:
    """Send bytes, then no more; whether the broker closes without an answer."""
    with Wire(broker.port) as wire:
        wire.socket.sendall(data)
        try:
            return not wire.socket.recv(1)
        except ConnectionResetError:
            return True


@pytest.mark.parametrize("name", CLOSED)
def test_what_cannot_be_read_closes_the_connection_with_one_line(broker: BrokerProcess, name: str):
    before = lines_of(broker)
    assert is_closed_after(broker, CLOSED[name])
    assert lines_of(broker) == before + 1
    with Wire(broker.port) as wire:
        assert wire.ask(ApiVersionsRequest(), 2).error_code == 0


def test_what_came_before_the_bad_frame_is_answered(broker: BrokerProcess):
    with Wire(broker.port) as wire:
        for _ in range(3):
            wire.send(ApiVersionsRequest(), 2)
        wire.socket.sendall(CLOSED["an unknown API"])
        answers = [wire.receive(ApiKey.API_VERSIONS, 2).error_code for _ in range(3)]
        assert answers == [0, 0, 0]
        assert not wire.socket.recv(1)


def random_bytes(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(1, 3_000))


def random_frame(chance: random.Random) -> bytes:
    return framed(chance.randbytes(chance.randrange(8, 3_000)))


def damaged_frames(chance: random.Random) -> bytes:
    chosen = (chance.choice(served()) for _ in range(chance.randrange(1, 5)))
    return b"".join(
        framed(damaged(chance, frame(api, version, chance.random()))) for api, version in chosen
    )


def cut_frame(chance: random.Random) -> bytes:
    api, version = chance.choice(served())
    whole = framed(frame(api, version, chance.random()))
    return whole[: chance.randrange(1, len(whole))]


@pytest.mark.parametrize("make", [random_bytes, random_frame, damaged_frames, cut_frame])
def test_any_bytes_leave_the_broker_as_it_was(
    broker: BrokerProcess, make: Callable[[random.Random], bytes]
):
    seed = random.SystemRandom().randrange(1 << 30)
    chance = random.Random(seed)
    print(f"seed {seed}")  # noqa: T201
    lines, memory = lines_of(broker), own_kib(broker.pid)
    for _ in range(CONNECTIONS):
        with Wire(broker.port) as wire:
            wire.socket.sendall(make(chance))
    with Wire(broker.port) as wire:
        assert wire.ask(ApiVersionsRequest(), 2).error_code == 0
    assert lines_of(broker) <= lines + CONNECTIONS
    assert (own_kib(broker.pid) - memory) >> 10 < GROWN_MIB_MAX
