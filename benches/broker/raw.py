"""A client of a few lines that adds nothing to what a broker takes: raw requests over raw sockets.

Invariant: each connection has one request in flight; its record batch was encoded once, before the
clock runs. Neighbours: `cases` uses it where a client library would hide the broker; load.c sends.
"""

import socket
import struct
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.header import RequestHeader, request_header
from logcore.protocol.messages.metadata import (
    MetadataRequest,
    MetadataRequestTopic,
    MetadataResponse,
)
from logcore.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
)
from tests.peers import peers_home

METADATA_VERSION: Final = 8
PRODUCE_VERSION: Final = 8
CASTAGNOLI: Final = 0x82F63B78
BASE_OFFSET: Final = struct.Struct(">qiib")
CHECKED: Final = struct.Struct(">hiqqqhii")
FIRST_S: Final = 60


class NotProducedError(Exception):
    """A broker refused a record."""


def crc32c(data: bytes) -> int:
    """Return the CRC of Kafka's batches; slow, and called once."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (CASTAGNOLI if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def varint(value: int) -> bytes:
    """Return a zigzag varint of a value that is not negative."""
    value, out = value << 1, bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def batch(value: bytes) -> bytes:
    """Return a record batch of one record, without key, headers or time."""
    fields = b"\0" + varint(0) + varint(0) + b"\x01" + varint(len(value)) + value + varint(0)
    record = varint(len(fields)) + fields
    checked = CHECKED.pack(0, 0, 0, 0, -1, -1, -1, 1) + record
    head = BASE_OFFSET.pack(0, 4 + 1 + 4 + len(checked), -1, 2)
    return head + struct.pack(">I", crc32c(checked)) + checked


def frame(api_key: ApiKey, version: int, body: bytes) -> bytes:
    """Return a request with its header and length."""
    message = request_header(RequestHeader(int(api_key), version, 1, "raw")) + body
    return struct.pack(">i", len(message)) + message


def produce_frame(topic: str, partition: int, value: bytes) -> bytes:
    """Return a Produce request of one record, acks=all."""
    data = PartitionProduceData(index=partition, records=memoryview(batch(value)))
    topics = [TopicProduceData(name=topic, partition_data=[data])]
    request = ProduceRequest(acks=-1, timeout_ms=30_000, topic_data=topics)
    return frame(ApiKey.PRODUCE, PRODUCE_VERSION, request.encode_bytes(PRODUCE_VERSION))


def check_response(answer: bytes) -> None:
    """Raise unless a Produce response says that the record is there."""
    response = ProduceResponse.decode(answer[8:], PRODUCE_VERSION)
    code = response.responses[0].partition_responses[0].error_code
    if code:
        raise NotProducedError(f"Produce: error {code}")


# ---------------------------------------------------------------- many connections


def compiled(name: str) -> Path:
    """Return the program of a source beside this file, compiled by the first call on a machine."""
    source = Path(__file__).with_name(f"{name}.c")
    program = peers_home() / f"{name}-{sha256(source.read_bytes()).hexdigest()[:12]}"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cc", "-O2", "-o", program, source], check=True)
    return program


def pushed(bootstrap: str, topic: str, connections: int, seconds: float) -> float:
    """Return records a second of so many connections, each with one request in flight."""
    host, _, port = bootstrap.rpartition(":")
    with tempfile.TemporaryDirectory() as directory:
        files = []
        for number in range(connections):
            files.append(Path(directory) / str(number))
            files[-1].write_bytes(produce_frame(topic, number % 6, b"x" * 100))
        command = [str(each) for each in (compiled("load"), host, port, seconds, *files)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    rate, *answers = done.stdout.split()
    for answer in answers:
        check_response(bytes.fromhex(answer))
    return float(rate)


# ---------------------------------------------------------------- the first record


def ask(stream: socket.socket, request: bytes) -> bytes:
    """Send a request and return the answer with its length."""
    stream.sendall(request)
    with stream.makefile("rb") as reading:
        size = reading.read(4)
        answer = size + reading.read(int.from_bytes(size, "big"))
    if len(answer) <= 4:
        raise ConnectionError("closed")
    return answer


def first_acknowledged(bootstrap: str, topic: str) -> None:
    """Return when a record is acknowledged in a topic that is made by asking for it."""
    host, _, port = bootstrap.rpartition(":")
    request = MetadataRequest(topics=[MetadataRequestTopic(name=topic)])
    metadata = frame(ApiKey.METADATA, METADATA_VERSION, request.encode_bytes(METADATA_VERSION))
    produce = produce_frame(topic, 0, b"first")
    deadline = monotonic() + FIRST_S
    while monotonic() < deadline:
        try:
            with socket.create_connection((host, int(port)), timeout=5) as stream:
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while has_no_leader(ask(stream, metadata)):
                    sleep(0.001)
                check_response(ask(stream, produce))
                return
        except (OSError, NotProducedError):
            sleep(0.001)
    raise RuntimeError("no record was acknowledged")


def has_no_leader(answer: bytes) -> bool:
    """Whether a Metadata response says that the topic is not ready."""
    found = MetadataResponse.decode(answer[8:], METADATA_VERSION).topics[0]
    return bool(found.error_code or not found.partitions or found.partitions[0].leader_id < 0)
