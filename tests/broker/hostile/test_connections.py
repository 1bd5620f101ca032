"""Peers that are slow, silent, many or gone: others are served, and memory stays bounded.

The broker is a process of its own, so that its memory is its own.
Neighbours: `tests/network` tests each limit by itself.
"""

import resource
import selectors
import socket
import struct
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.api_versions import ApiVersionsRequest
from logcore.protocol.messages.create_topics import (
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
)
from tests.broker.batches import batch
from tests.broker.handlers.asking import fetch, fetch_request, list_offset, produce, produce_request
from tests.broker.hostile.memory import own_kib
from tests.broker.hostile.requests import framed, header_of
from tests.broker.wire import Wire
from tests.crash.broker_process import BrokerProcess, free_port

MANY = 5_000
FILES_NEEDED = MANY + 500
KIB_PER_CONNECTION_MAX = 16
TOPIC = "large"
TOPIC_BYTES = 50 << 20
SLOW_READERS = 20
SLOW_MIB_MAX = 60
STUCK_WRITERS = 300
RESETS = 500
ASK = framed(header_of(ApiKey.API_VERSIONS, 0))


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    with BrokerProcess(tmp_path_factory.mktemp("broker"), logcore_health_port=str(HEALTH)) as made:
        with Wire(made.port) as wire:
            forever = CreatableTopicConfig(name="retention.ms", value="-1")
            topic = CreatableTopic(
                name=TOPIC, num_partitions=1, replication_factor=1, configs=[forever]
            )
            wire.ask(CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 5)
            sent = batch([bytes(900_000)])
            while list_offset(wire, TOPIC, -1).offset * len(sent) < TOPIC_BYTES:
                for _ in range(10):
                    produce(wire, TOPIC, sent)
        yield made
        assert "Traceback" not in made.log
        assert made.stop() == 0


HEALTH = free_port()


def open_connections() -> int:
    """How many connections the broker says it has."""
    with urllib.request.urlopen(f"http://127.0.0.1:{HEALTH}/metrics", timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    return int(
        float(next(x for x in lines if x.startswith("logcore_network_connections ")).split()[1])
    )


def wait_for_connections(count: int) -> None:
    """Wait until the broker has no more than so many; the test's time is the limit."""
    while open_connections() > count:
        pass


def connected(port: int, receive_buffer: int = 0) -> socket.socket:
    made = socket.socket()
    if receive_buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    made.settimeout(30)
    made.connect(("127.0.0.1", port))
    return made


def answers(sockets: list[socket.socket]) -> int:
    """Read one answer from each, in whatever order they come; return how many came whole."""
    whole = 0
    with selectors.DefaultSelector() as selector:
        for each in sockets:
            selector.register(each, selectors.EVENT_READ, bytearray())
        while selector.get_map():
            ready = selector.select(30)
            assert ready, f"{len(selector.get_map())} are not answered"
            for key, _ in ready:
                assert isinstance(key.fileobj, socket.socket)
                received = key.fileobj.recv(65536)
                assert received, "the broker closed the connection"
                key.data.extend(received)
                if (
                    len(key.data) >= 4
                    and len(key.data) == 4 + struct.unpack_from(">i", key.data)[0]
                ):
                    selector.unregister(key.fileobj)
                    whole += 1
    return whole


def test_thousands_of_connections_take_little_memory_and_are_all_answered(broker: BrokerProcess):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES_NEEDED:
        pytest.skip(f"{FILES_NEEDED} open files are needed, {soft} of {hard} are allowed")
    before = own_kib(broker.pid)
    sockets = [connected(broker.port) for _ in range(MANY)]
    try:
        while open_connections() < MANY:
            pass
        idle = own_kib(broker.pid)
        for each in sockets:
            each.sendall(ASK)
        assert answers(sockets) == MANY
        asked = own_kib(broker.pid)
        now, later = (idle - before) / MANY, (asked - before) / MANY
        print(f"KiB per connection: {now:.1f}, after a request {later:.1f}")  # noqa: T201
        assert asked - before < MANY * KIB_PER_CONNECTION_MAX
    finally:
        for each in sockets:
            each.close()
    wait_for_connections(10)
    one_request_is_answered(broker)


def one_request_is_answered(broker: BrokerProcess) -> None:
    with Wire(broker.port) as wire:
        assert wire.ask(ApiVersionsRequest(), 2).error_code == 0


def test_who_fetches_much_and_never_reads_takes_no_memory(broker: BrokerProcess):
    before = own_kib(broker.pid)
    wires = []
    for _ in range(SLOW_READERS):
        wire = Wire.__new__(Wire)
        wire.socket, wire.client_id, wire.correlation_id = connected(broker.port, 4096), "slow", 0
        wires.append(wire)
    try:
        request = fetch_request(TOPIC, 0, max_bytes=TOPIC_BYTES, total_bytes=TOPIC_BYTES)
        for wire in wires:
            for _ in range(3):
                wire.send(request, 12)
        with Wire(broker.port) as quick:
            for _ in range(20):
                assert fetch(quick, TOPIC, 3).error_code == 0
        grown = (own_kib(broker.pid) - before) >> 10
        print(f"{SLOW_READERS} slow readers of {TOPIC_BYTES >> 20} MiB take {grown} MiB")  # noqa: T201
        assert grown < SLOW_MIB_MAX
        # Whoever reads after all is given what it asked for.
        assert struct.unpack(">i", wires[0].exactly(4))[0] > TOPIC_BYTES * 0.9
        assert len(wires[0].exactly(100_000)) == 100_000
    finally:
        for wire in wires:
            wire.close()
    wait_for_connections(10)


def test_who_announces_much_and_sends_little_takes_no_memory(broker: BrokerProcess):
    before = own_kib(broker.pid)
    sockets = [connected(broker.port) for _ in range(STUCK_WRITERS)]
    try:
        for number, each in enumerate(sockets):
            each.sendall(struct.pack(">i", 100_000_000) + header_of(ApiKey.PRODUCE, 9))
            each.sendall(bytes(number % 7))
        one_request_is_answered(broker)
        grown = own_kib(broker.pid) - before
        assert grown < STUCK_WRITERS * KIB_PER_CONNECTION_MAX
    finally:
        for each in sockets:
            each.close()
    wait_for_connections(10)


def test_a_request_that_comes_byte_by_byte_is_served(broker: BrokerProcess):
    with connected(broker.port) as slow:
        slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in ASK:
            slow.send(bytes([byte]))
            one_request_is_answered(broker)
        assert answers([slow]) == 1


def test_connections_that_are_reset_leave_nothing(broker: BrokerProcess):
    for number in range(RESETS):
        each = connected(broker.port)
        each.sendall(ASK[: number % (len(ASK) + 1)])
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        each.close()
    wait_for_connections(10)
    one_request_is_answered(broker)


def test_a_reset_while_a_fetch_waits_or_an_answer_is_written_leaves_nothing(broker: BrokerProcess):
    for max_wait_ms in (0, 60_000):
        for _ in range(20):
            wire = Wire(broker.port)
            offset = 0 if not max_wait_ms else 10_000
            request = fetch_request(
                TOPIC, offset, max_bytes=TOPIC_BYTES, total_bytes=TOPIC_BYTES, min_bytes=1 << 30,
                max_wait_ms=max_wait_ms,
            )  # fmt: skip
            wire.send(request, 12)
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wire.close()
    wait_for_connections(10)


def test_half_a_produce_is_no_produce(broker: BrokerProcess):
    with Wire(broker.port) as wire:
        end = list_offset(wire, TOPIC, -1).offset
        with Wire(broker.port) as cut:
            records = produce_request(TOPIC, batch([b"cut off"])).encode_bytes(3)
            frame = framed(header_of(ApiKey.PRODUCE, 3) + records)
            cut.socket.sendall(frame[:-1])
        wait_for_connections(2)
        assert list_offset(wire, TOPIC, -1).offset == end


def test_limits_of_connections_and_idleness(tmp_path: Path):
    settings = {"connections_max_idle_ms": "400", "max_connections": "5"}
    with BrokerProcess(tmp_path, **settings) as broker:
        sockets = [connected(broker.port) for _ in range(8)]
        for each in sockets:
            each.sendall(ASK)
        # The first five are answered, and make room for the others when they have been idle.
        for each in sockets:
            assert answers([each]) == 1
        for each in sockets:
            assert each.recv(1) == b""
            each.close()
        assert "max.connections is 5" in broker.log
        assert broker.stop() == 0
