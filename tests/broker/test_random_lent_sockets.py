"""Whatever is sent, however it is cut: a socket that is lent now and then answers as any other.

Two connections send the same bytes in the same pieces to two topics. One may be lent after two
plain requests, the other never; their answers are compared byte by byte.
"""

import itertools
import random
import struct
import time

import pytest

from logcore.broker import dispatch, lent_sockets
from logcore.network.connection import Connection
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.header import RequestHeader, request_header
from tests.broker.batches import batch
from tests.broker.produce_frames import frame_of
from tests.broker.running import Running
from tests.seeds import seed

STEPS = 150


@pytest.fixture
def eager(broker: Running, monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Have connections lent soon and often, but for those whose ports are in the set."""
    kept: set[int] = set()
    offer = broker.broker.lent_sockets.offer

    def offer_some(connection: Connection) -> None:
        if connection.peer_port not in kept:
            offer(connection)

    monkeypatch.setattr(dispatch, "LENT_AFTER", 2)
    monkeypatch.setattr(lent_sockets, "STAYS_AWAY", 0)
    monkeypatch.setattr(broker.broker.dispatcher, "offer", offer_some)
    return kept


def api_versions() -> bytes:
    """Return a request that is no Produce."""
    return request_header(RequestHeader(ApiKey.API_VERSIONS, 0, 5, "client"))


def some_request(dice: random.Random, name: str) -> tuple[bytes, bool]:
    """Return a frame without its length, and whether it is answered."""
    records = batch([dice.randbytes(dice.choice([0, 10, 100])) for _ in range(dice.randint(1, 3))])
    kind = dice.choice(["plain"] * 12 + ["other", "long", "damaged", "silent", "nowhere", "twice"])
    version = dice.randint(3, 12)
    if kind == "other":
        return api_versions(), True
    if kind == "long":
        records = batch([bytes(dice.choice([15_000, 16_384, 70_000]))])
    if kind == "damaged":
        records = batch([b"x"], spoil=True)
    acks = 0 if kind == "silent" else dice.choice([-1, 1])
    partitions = 2 if kind == "twice" else 1
    # Of the same length, so that whatever is cut falls into the same pieces.
    told = name.replace("topic", "nowhe") if kind == "nowhere" else name
    frame = frame_of(version, records, name=told, acks=acks, partitions=partitions)
    return bytes(frame), kind != "silent"


def cuts_of(dice: random.Random, size: int) -> list[int]:
    """Choose where to cut what is sent: mostly nowhere."""
    if dice.random() < 0.8:
        return [0, size]
    return [0, *sorted(dice.sample(range(1, size), dice.randint(1, 3))), size]


@pytest.mark.parametrize("number", range(8))
def test_answers_as_a_connection_that_is_never_lent(
    broker: Running, eager: set[int], number: int
) -> None:
    dice = random.Random(seed() + number)
    lent_name, kept_name = broker.topic(partitions=2), broker.topic(partitions=2)
    while len(lent_name) != len(kept_name):
        lent_name, kept_name = kept_name, broker.topic(partitions=2)
    lent, kept = broker.wire(), broker.wire()
    eager.add(kept.socket.getsockname()[1])
    was_lent = False
    for _ in range(STEPS):
        requests = [some_request(dice, lent_name) for _ in range(dice.choice([1] * 8 + [2, 5]))]
        stream = b"".join(struct.pack(">i", len(frame)) + frame for frame, _ in requests)
        other = stream.replace(lent_name.encode(), kept_name.encode())
        for start, end in itertools.pairwise(cuts_of(dice, len(stream))):
            lent.socket.sendall(stream[start:end])
            kept.socket.sendall(other[start:end])
            time.sleep(dice.choice([0, 0, 0.001]))
        was_lent |= bool(broker.broker.lent_sockets.count)
        for _, is_answered in requests:
            if is_answered:
                answer = kept.receive_frame().replace(kept_name.encode(), lent_name.encode())
                assert lent.receive_frame() == answer
    assert was_lent
    find = broker.broker.parts.replicas.get
    for index in range(2):
        ends = [find(name, index).log.end_offset for name in (lent_name, kept_name)]
        assert ends[0] == ends[1]
    lent.close()
    kept.close()
