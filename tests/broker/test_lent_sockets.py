"""Sockets that are served without the loop's transports answer as all others do, or come back."""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from logcore.broker import lent_sockets
from logcore.broker.dispatch import LENT_AFTER
from logcore.broker.lent_sockets import STAYS_AWAY
from logcore.network.connection import Connection
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.alter_client_quotas import (
    AlterClientQuotasRequest,
    EntityData,
    OpData,
    RequestEntryData,
)
from logcore.protocol.messages.api_versions import ApiVersionsRequest
from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from logcore.protocol.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from logcore.replication.partition import Partition
from tests.broker.batches import batch
from tests.broker.produce_frames import VERSIONS, frame_of
from tests.broker.running import Running, running_broker

UNKNOWN_TOPIC_OR_PARTITION = 3
CORRUPT_MESSAGE = 2
OTHER = ApiVersionsRequest(client_software_name="test", client_software_version="1")


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not become so"
        time.sleep(0.001)


class Producing:
    """A connection that sends plain Produces to a topic, one by one."""

    def __init__(self, broker: Running, name: str, *, version: int = 9) -> None:
        self.broker = broker
        self.name = name
        self.version = version
        image = broker.broker.parts.controller.image
        self.topic_id = image.topics_by_name[name].topic_id
        self.wire = broker.wire()

    @property
    def partition(self) -> Partition:
        return self.broker.broker.parts.replicas.get(self.name, 0)

    @property
    def is_lent(self) -> bool:
        """Whether the socket is; of a broker with one such connection at a time."""
        return bool(self.broker.call(lambda: self.broker.broker.lent_sockets.count))

    def frame(self, records: bytes | None = None, **fields: Any) -> bytes:
        records = batch([b"value"]) if records is None else records
        fields = {"name": self.name, "topic_id": self.topic_id} | fields
        frame = frame_of(fields.pop("version", self.version), records, **fields)
        return struct.pack(">i", len(frame)) + bytes(frame)

    def send(self, frame: bytes | None = None) -> None:
        self.wire.socket.sendall(self.frame() if frame is None else frame)

    def ask(self, frame: bytes | None = None) -> bytes:
        self.send(frame)
        return self.wire.receive_frame()

    def until_there(self, end_offset: int) -> None:
        """Wait until the log ends at an offset."""
        until(lambda: self.partition.log.end_offset == end_offset)

    def until_lent(self) -> "Producing":
        """Send until the socket is lent."""
        for _ in range(2 * LENT_AFTER + STAYS_AWAY):
            self.ask()
            if self.is_lent:
                return self
        raise AssertionError("the socket is not lent")


@pytest.fixture
def producing(broker: Running) -> Iterator[Producing]:
    """A connection whose socket is lent."""
    assert broker.broker.lent_sockets.count == 0, "one at a time"
    producing = Producing(broker, broker.topic()).until_lent()
    yield producing
    producing.wire.close()
    until(lambda: not producing.is_lent)


def error_of(frame: bytes, name: str) -> int:
    """Return the error code of an answer of version 9."""
    (code,) = struct.unpack_from(">h", frame, frame.index(name.encode()) + len(name) + 1 + 4)
    return int(code)


@pytest.mark.parametrize("version", VERSIONS)
def test_answers_as_the_short_way_does(broker: Running, version: int) -> None:
    name = broker.topic()
    producing = Producing(broker, name, version=version).until_lent()
    end = producing.partition.log.end_offset
    lent = producing.ask()
    assert producing.is_lent
    short = broker.call(
        lambda: broker.broker.dispatcher.plain.answer(memoryview(bytearray(producing.frame()[4:])))
    )
    assert short is not None
    before, after = struct.pack(">q", end), struct.pack(">q", end + 1)
    at = lent.index(before)
    assert b"".join(short) == lent[:at] + after + lent[at + 8 :]
    producing.wire.close()
    until(lambda: not producing.is_lent)


def test_every_record_is_there_once_and_in_order(producing: Producing) -> None:
    end = producing.partition.log.end_offset
    for number in range(500):
        answer = producing.ask(producing.frame(batch([b"%d" % number])))
        assert struct.pack(">q", end + number) in answer
    assert producing.is_lent
    records = producing.partition.log.read(end, 1 << 20, True, 0)[0]
    assert records is not None
    written = bytes(records)
    batches = [batch([b"%d" % number])[21:] for number in range(500)]  # what the CRC is of
    assert [written.count(checked) for checked in batches] == [1] * 500
    places = [written.index(checked) for checked in batches]
    assert places == sorted(places)
    assert producing.partition.log.end_offset == end + 500


def test_many_connections_to_many_partitions(broker: Running) -> None:
    names = [broker.topic() for _ in range(3)]
    clients = [Producing(broker, names[number % 3]) for number in range(24)]
    rounds = LENT_AFTER * 4
    for _ in range(rounds):
        for client in clients:
            client.send()
        for client in clients:
            assert error_of(client.wire.receive_frame(), client.name) == 0
    assert broker.call(lambda: broker.broker.lent_sockets.count) == len(clients)
    for name in names:
        log = broker.broker.parts.replicas.get(name, 0).log
        assert log.end_offset == rounds * len(clients) // len(names)
    for client in clients:
        client.wire.close()
    until(lambda: not clients[0].is_lent)


def test_another_request_is_served_and_brings_the_socket_back(producing: Producing) -> None:
    answer = producing.wire.ask(OTHER, 3)
    assert answer.error_code == 0
    assert not producing.is_lent
    assert error_of(producing.ask(), producing.name) == 0


def test_two_requests_at_once_are_answered_in_order(producing: Producing) -> None:
    end = producing.partition.log.end_offset
    producing.send(producing.frame() * 5)
    for number in range(5):
        assert struct.pack(">q", end + number) in producing.wire.receive_frame()
    assert not producing.is_lent


@pytest.mark.parametrize("split", [1, 3, 4, 5, 30, -1])
def test_a_request_in_two_pieces(producing: Producing, split: int) -> None:
    frame = producing.frame()
    producing.send(frame[:split])
    until(lambda: not producing.is_lent)
    producing.send(frame[split:])
    assert error_of(producing.wire.receive_frame(), producing.name) == 0


@pytest.mark.parametrize("size", [16_000, 16_384, 20_000, 300_000])
def test_a_long_request(producing: Producing, size: int) -> None:
    end = producing.partition.log.end_offset
    answer = producing.ask(producing.frame(batch([b"x" * size])))
    assert error_of(answer, producing.name) == 0
    assert producing.partition.log.end_offset == end + 1


def test_a_refusal_is_told_by_the_usual_way(producing: Producing) -> None:
    end = producing.partition.log.end_offset
    answer = producing.ask(producing.frame(batch([b"x"], spoil=True)))
    assert error_of(answer, producing.name) == CORRUPT_MESSAGE
    assert producing.partition.log.end_offset == end
    assert not producing.is_lent


def test_a_request_that_wants_no_answer_gets_none(producing: Producing) -> None:
    end = producing.partition.log.end_offset
    producing.send(producing.frame(acks=0))
    assert struct.pack(">q", end + 1) in producing.ask(), "the answer of the second"


def test_a_partition_that_must_wait_is_written_in_the_usual_way(producing: Producing) -> None:
    partition, end = producing.partition, producing.partition.log.end_offset
    partition.min_insync_replicas = 2
    try:
        answer = producing.ask()
    finally:
        partition.min_insync_replicas = 1
    assert error_of(answer, producing.name) != 0, "too few replicas"
    assert partition.log.end_offset == end
    assert not producing.is_lent


def test_a_topic_that_is_gone(producing: Producing) -> None:
    state = DeleteTopicState(name=producing.name)
    producing.broker.wire().ask(DeleteTopicsRequest(topics=[state], timeout_ms=10_000), 6)
    assert error_of(producing.ask(), producing.name) == UNKNOWN_TOPIC_OR_PARTITION
    assert not producing.is_lent


def test_garbage_closes_the_connection(producing: Producing) -> None:
    producing.send(b"\xff" * 64)
    assert producing.wire.socket.recv(1) == b""
    until(lambda: not producing.is_lent)


@pytest.mark.parametrize("is_rude", [False, True])
def test_a_peer_that_goes_is_struck_off(producing: Producing, is_rude: bool) -> None:
    limits = producing.broker.broker.lent_sockets._service.limits
    before = limits.count
    if is_rude:
        linger = struct.pack("ii", 1, 0)
        producing.wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    producing.wire.close()
    until(lambda: limits.count == before - 1)
    assert not producing.is_lent


def test_a_reader_that_waits_is_woken(producing: Producing) -> None:
    reader = producing.broker.wire()
    end = producing.partition.log.end_offset
    partition = FetchPartition(partition=0, fetch_offset=end, partition_max_bytes=1000)
    topic = FetchTopic(topic=producing.name, partitions=[partition])
    reader.send(FetchRequest(max_wait_ms=15_000, min_bytes=1, max_bytes=1000, topics=[topic]), 11)
    until(lambda: producing.broker.call(lambda: producing.broker.broker.parts.purgatory.count))
    began = time.monotonic()
    producing.ask()
    assert producing.is_lent
    answer = reader.receive(ApiKey.FETCH, 11)
    assert answer.responses[0].partitions[0].records
    assert time.monotonic() - began < 10


def test_what_is_served_is_counted(producing: Producing) -> None:
    broker = producing.broker.broker
    stats, seconds = broker.lent_sockets._service.stats, broker.dispatcher._seconds
    before = stats.received_bytes, stats.sent_bytes, seconds.count("Produce")
    produced = broker.parts.traffic.produced[producing.name]
    answer, frame = producing.ask(), producing.frame()
    assert producing.is_lent
    after = stats.received_bytes, stats.sent_bytes, seconds.count("Produce")
    assert [now - then for now, then in zip(after, before, strict=True)] == [
        len(frame), len(answer) + 4, 1
    ]  # fmt: skip
    assert broker.parts.traffic.produced[producing.name] - produced == len(frame) - 4


def test_answers_that_are_not_taken_wait(tmp_path: Path) -> None:
    with running_broker(tmp_path, socket_send_buffer_bytes="4096") as broker:
        producing = Producing(broker, broker.topic())
        producing.wire.close()
        producing.wire.socket = socket.socket()
        producing.wire.socket.settimeout(20)
        producing.wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        producing.wire.socket.connect(("127.0.0.1", broker.port))
        producing.until_lent()
        end, sent = producing.partition.log.end_offset, 0
        while producing.is_lent:
            producing.send()
            sent += 1
            producing.until_there(end + sent)
        producing.send()
        for number in range(sent + 1):
            assert struct.pack(">q", end + number) in producing.wire.receive_frame()


def test_quotas_end_it(tmp_path: Path) -> None:
    with running_broker(tmp_path) as broker:
        producing = Producing(broker, broker.topic()).until_lent()
        entity = EntityData(entity_type="client-id", entity_name=None)
        changes = [OpData(key="producer_byte_rate", value=1e9, remove=False)]
        entry = RequestEntryData(entity=[entity], ops=changes)
        broker.wire().ask(AlterClientQuotasRequest(entries=[entry]), 1)
        for _ in range(2 * LENT_AFTER):
            assert error_of(producing.ask(), producing.name) == 0
            assert not producing.is_lent


def test_an_idle_connection_is_closed_and_a_busy_one_is_not(tmp_path: Path) -> None:
    with running_broker(tmp_path, connections_max_idle_ms="400") as broker:
        producing = Producing(broker, broker.topic()).until_lent()
        end = time.monotonic() + 1.2
        while time.monotonic() < end:
            producing.ask()
        producing.until_lent()
        assert producing.wire.socket.recv(1) == b"", "closed by the other side"
        assert not producing.is_lent


def test_a_broker_that_stops_lets_go(tmp_path: Path) -> None:
    with running_broker(tmp_path) as broker:
        producing = Producing(broker, broker.topic()).until_lent()
        lent = broker.broker.lent_sockets
        broker.wires.clear()
    assert lent.count == 0
    with pytest.raises(ConnectionError):
        producing.ask()
    producing.wire.close()


def test_a_socket_comes_again_after_it_came_back(producing: Producing) -> None:
    producing.wire.ask(OTHER, 3)
    assert not producing.is_lent
    for _ in range(LENT_AFTER):
        producing.ask()
    assert not producing.is_lent, "not so soon"
    producing.until_lent()


@pytest.mark.parametrize("refused", ["the epoll", "to watch it", "the socket"])
def test_the_system_may_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    class Refusing:
        """Sockets that the system lets nobody add, and a loop that it lets watch nothing."""

        fileno = staticmethod(lambda: 0)
        remove = staticmethod(lambda _: None)
        add = add_reader = staticmethod(refuse)

    with running_broker(tmp_path) as broker:
        lent = broker.broker.lent_sockets
        with monkeypatch.context() as patch:
            if refused == "the epoll":
                patch.setattr(lent_sockets, "PlainSockets", refuse)
            elif refused == "to watch it":
                service = SimpleNamespace(scheduler=lent._service.scheduler, loop=Refusing)
                patch.setattr(lent, "_service", service)
            else:
                patch.setattr(lent, "_opened", Refusing)
            producing = Producing(broker, broker.topic())
            for _ in range(2 * LENT_AFTER):
                assert error_of(producing.ask(), producing.name) == 0
            assert lent.count == 0
        producing.until_lent()


def test_one_that_fails_on_its_way_back_fails_alone(
    broker: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = broker.topic()
    clients = [Producing(broker, name) for _ in range(3)]
    for client in clients:
        for _ in range(LENT_AFTER):
            client.ask()
    until(lambda: broker.call(lambda: broker.broker.lent_sockets.count) == len(clients))
    port = clients[0].wire.socket.getsockname()[1]
    take_back = Connection.take_back

    def fail(connection: Connection, *received: bytes) -> None:
        if connection.peer_port == port and any(received):
            raise MemoryError
        take_back(connection, *received)

    monkeypatch.setattr(Connection, "take_back", fail)

    def send_all() -> None:  # on the loop's thread, so that all arrive in one turn
        for client in clients:
            client.send(client.frame() * 2)

    broker.call(send_all)
    for client in clients[1:]:
        for _ in range(2):
            assert error_of(client.wire.receive_frame(), name) == 0
    assert clients[0].wire.socket.recv(1) == b""
    assert broker.call(lambda: broker.broker.lent_sockets.count) == 0


def test_a_name_of_sixteen_bytes_is_no_id(broker: Running) -> None:
    name = "sixteen-bytes-na"
    topic = CreatableTopic(name=name, num_partitions=1, replication_factor=1)
    broker.wire().ask(CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 5)
    by_name, by_id = Producing(broker, name), Producing(broker, broker.topic(), version=13)
    for producing in (by_name, by_id):
        for _ in range(LENT_AFTER):
            producing.ask()
    until(lambda: broker.call(lambda: broker.broker.lent_sockets.count) == 2)
    log = by_name.partition.log
    end = log.end_offset

    def send_both() -> None:
        by_name.send()
        by_id.send(by_id.frame(topic_id=name.encode()))

    broker.call(send_both)
    assert error_of(by_name.wire.receive_frame(), name) == 0
    by_id.wire.receive_frame()
    assert log.end_offset == end + 1, "the id stands for no topic"
    by_name.wire.close()
    by_id.wire.close()
    until(lambda: not by_name.is_lent)
