"""ApiVersions: what is served, which features hold, and clients from the future."""

import struct

import pytest

from logcore.broker.apis import APIS
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from tests.broker.running import Running

UNSUPPORTED_VERSION, INVALID_REQUEST = 35, 42


def ask(running: Running, version: int, name: str = "tests", software_version: str = "1.0"):
    fields = {"client_software_name": name, "client_software_version": software_version}
    return running.wire().ask(ApiVersionsRequest(**fields if version >= 3 else {}), version)


@pytest.mark.parametrize("version", range(5))
def test_in_every_version(broker: Running, version: int):
    response = ask(broker, version)
    assert response.error_code == 0
    listed = {each.api_key: (each.min_version, each.max_version) for each in response.api_keys}
    assert listed == {key: (api.min_version, api.max_version) for key, api in APIS.items()}
    finalized = {each.name: each.max_version_level for each in response.finalized_features}
    supported = {
        each.name: (each.min_version, each.max_version) for each in response.supported_features
    }
    if version < 3:
        assert (finalized, supported) == ({}, {})
        return
    assert finalized == {
        "metadata.version": 30,
        "group.version": 1,
        "transaction.version": 2,
        "share.version": 1,
        "streams.version": 1,
    }
    assert response.finalized_features_epoch == broker.broker.parts.controller.image.offset
    zero_based = (
        {
            "eligible.leader.replicas.version": (0, 1),
            "group.version": (0, 1),
            "transaction.version": (0, 2),
            "share.version": (0, 1),
            "streams.version": (0, 1),
        }
        if version >= 4
        else {}
    )
    assert supported == {"metadata.version": (7, 30)} | zero_based


def test_librdkafka_sees_that_it_may_compress(broker: Running):
    produce = next(each for each in ask(broker, 0).api_keys if each.api_key == ApiKey.PRODUCE)
    assert produce.min_version == 0


@pytest.mark.parametrize(
    ("name", "version"),
    [("", "1"), ("a b", "1"), ("a", ""), ("a", "-"), ("-a", "1"), ("a.", "1"), ("ä", "1")],
)
def test_clients_name_themselves_properly(broker: Running, name: str, version: str):
    response = ask(broker, 3, name, version)
    assert (response.error_code, response.api_keys) == (INVALID_REQUEST, [])


@pytest.mark.parametrize(("name", "version"), [("a", "1"), ("a-b.c-9", "1.2-rc.3"), ("9", "v")])
def test_names_that_will_do(broker: Running, name: str, version: str):
    assert ask(broker, 4, name, version).error_code == 0


@pytest.mark.parametrize("version", [5, 127, 32767, -1])
def test_a_version_from_the_future_gets_the_list_in_version_0(broker: Running, version: int):
    wire = broker.wire()
    frame = struct.pack(">hhih", ApiKey.API_VERSIONS, version, 77, -1) + b"\0\0\0\0"
    wire.socket.sendall(struct.pack(">i", len(frame)) + frame)
    answer = wire.receive_frame()
    assert answer[:4] == struct.pack(">i", 77)
    response = ApiVersionsResponse.decode(memoryview(answer)[4:], 0)
    assert response.error_code == UNSUPPORTED_VERSION
    assert len(response.api_keys) == len(APIS)
