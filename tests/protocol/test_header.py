"""Headers of requests and responses, in all their versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.errors import MalformedMessageError, UnencodableMessageError
from logcore.protocol.header import (
    RequestHeader,
    decode_request_header,
    decode_response_header,
    request_header,
    response_header,
)

CLIENT_IDS = st.none() | st.text(max_size=50)


@given(st.sampled_from([*ApiKey, 4, 93, -1]), st.integers(0, 20), st.integers(-1, 99), CLIENT_IDS)
def test_a_request_header_is_read_back(key, version, correlation_id, client_id):
    header = RequestHeader(int(key), version, correlation_id, client_id)
    frame = request_header(header) + b"body"
    assert decode_request_header(memoryview(frame)) == (header, len(frame) - 4)


@pytest.mark.parametrize(
    ("key", "version", "expected"),
    [
        (ApiKey.METADATA, 8, "0003 0008 00000007 0002 6869"),
        (ApiKey.METADATA, 9, "0003 0009 00000007 0002 6869 00"),
        (ApiKey.API_VERSIONS, 3, "0012 0003 00000007 0002 6869 00"),
        (ApiKey.SASL_HANDSHAKE, 1, "0011 0001 00000007 0002 6869"),
    ],
)
def test_request_headers_are_kafkas(key, version, expected):
    assert request_header(RequestHeader(key, version, 7, "hi")) == bytes.fromhex(expected)


@pytest.mark.parametrize(
    ("key", "version", "expected"),
    [
        (ApiKey.METADATA, 8, "00000007"),
        (ApiKey.METADATA, 9, "0000000700"),
        (ApiKey.API_VERSIONS, 0, "00000007"),
        (ApiKey.API_VERSIONS, 4, "00000007"),
        (ApiKey.OFFSET_DELETE, 0, "00000007"),
        (93, 12, "00000007"),
    ],
)
def test_response_headers_are_kafkas(key, version, expected):
    written = response_header(key, version, 7)
    assert written == bytes.fromhex(expected)
    assert decode_response_header(written + b"body", key, version) == (7, len(written))


def test_tagged_fields_of_headers_are_skipped():
    request = bytes.fromhex("0003 0009 00000007 ffff 02 05 01 61 06 00") + b"body"
    header, position = decode_request_header(memoryview(request))
    assert header == RequestHeader(3, 9, 7, None)
    assert request[position:] == b"body"
    response = bytes.fromhex("00000007 01 05 01 61") + b"body"
    assert decode_response_header(response, 3, 9) == (7, 8)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "0003 0009 000000",
        "0003 0009 00000007 0005 6161",
        "0003 0009 00000007 0001 ff 00",
        "0003 0009 00000007 ffff",
        "0003 0009 00000007 ffff 01 05 7f 00",
        "0003 0009 00000007 ffff ffffffff0f",
    ],
)
def test_what_is_no_request_header_is_malformed(data):
    with pytest.raises(MalformedMessageError):
        decode_request_header(memoryview(bytes.fromhex(data)))


@pytest.mark.parametrize("data", ["", "000000", "00000007", "00000007 01 00 09"])
def test_what_is_no_response_header_is_malformed(data):
    with pytest.raises(MalformedMessageError):
        decode_response_header(bytes.fromhex(data), 3, 9)


def test_a_client_id_has_a_bound():
    with pytest.raises(UnencodableMessageError):
        request_header(RequestHeader(3, 9, 7, "x" * 32768))
