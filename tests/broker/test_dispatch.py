"""Dispatch: every frame is answered, or its connection closed; never silence, never a crash."""

import socket
import struct

import pytest

from logcore.common.deferred import Deferred
from logcore.common.errors import KafkaStorageError
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from logcore.protocol.messages.elect_leaders import ElectLeadersRequest
from tests.broker.running import Running
from tests.broker.wire import Wire


def raw(wire: Wire, frame: bytes) -> bytes:
    wire.socket.sendall(struct.pack(">i", len(frame)) + frame)
    return wire.receive_frame()


def header(key: int, version: int, correlation_id: int = 7) -> bytes:
    return struct.pack(">hhih", key, version, correlation_id, -1)


def test_an_unknown_version_of_api_versions_is_answered_in_version_0(broker: Running):
    frame = raw(broker.wire(), header(18, 99) + b"\0whatever")
    assert frame[:4] == struct.pack(">i", 7)
    response = ApiVersionsResponse.decode(memoryview(frame)[4:], 0)
    assert response.error_code == 35
    assert {row.api_key: row.max_version for row in response.api_keys}[18] == 4


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\0",
        header(999, 0),
        header(-1, 0),
        header(ApiKey.FETCH, 3),
        header(ApiKey.FETCH, 19),
        header(ApiKey.PRODUCE, 2),
        header(ApiKey.PRODUCE, 12),
        header(ApiKey.FETCH, 4) + b"\0\0",
        header(ApiKey.METADATA, 1) + struct.pack(">i", 2**31 - 1),
    ],
)
def test_what_cannot_be_read_closes_the_connection(broker: Running, frame: bytes):
    wire = broker.wire()
    with pytest.raises((ConnectionError, socket.timeout)):
        raw(wire, frame)
    assert broker.wire().ask(ApiVersionsRequest(), 2).error_code == 0


@pytest.mark.parametrize("version", [0, 1, 2])
def test_an_error_is_answered_where_the_version_has_a_place_for_it(
    broker: Running, monkeypatch: pytest.MonkeyPatch, version: int
):
    def fail(*_: object) -> Deferred[object]:
        later: Deferred[object] = Deferred()
        broker.loop.call_soon(later.fail, KafkaStorageError("no disk"))
        return later

    monkeypatch.setattr(broker.broker.parts.controller, "elect_leaders", fail)
    wire = broker.wire()
    if version:
        assert wire.ask(ElectLeadersRequest(), version).error_code == KafkaStorageError.code
    else:
        with pytest.raises(ConnectionError):
            wire.ask(ElectLeadersRequest(), version)


def test_requests_of_one_connection_are_answered_in_order(broker: Running):
    wire = broker.wire()
    for _ in range(50):
        wire.send(ApiVersionsRequest(), 2)
    for expected in range(1, 51):
        frame = wire.receive_frame()
        assert struct.unpack(">i", frame[:4]) == (expected,)
