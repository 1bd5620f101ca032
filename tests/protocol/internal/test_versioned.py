"""A message behind its version."""

import pytest

from logcore.common.errors import UnsupportedVersionError
from logcore.protocol.errors import MalformedMessageError
from logcore.protocol.internal import versioned
from logcore.protocol.internal.consumer_protocol import (
    ConsumerProtocolAssignment,
    ConsumerProtocolSubscription,
)

SUBSCRIPTION = ConsumerProtocolSubscription(topics=["a", "b"], user_data=b"data")


@pytest.mark.parametrize("version", range(4))
def test_a_version_is_read_as_written(version):
    data = versioned.encode(SUBSCRIPTION, version)
    assert versioned.version_of(data) == version
    assert versioned.decode(ConsumerProtocolSubscription, data) == SUBSCRIPTION


def test_the_bytes_are_kafkas():
    assert versioned.encode(SUBSCRIPTION, 0) == bytes.fromhex(
        "0000 00000002 0001 61 0001 62 00000004" + b"data".hex()
    )


def test_a_newer_version_is_refused_or_read_as_the_last_known():
    data = b"\x00\x09" + versioned.encode(SUBSCRIPTION, 3)[2:] + b"what version 9 has more"
    with pytest.raises(UnsupportedVersionError):
        versioned.decode(ConsumerProtocolSubscription, data)
    read = versioned.decode(ConsumerProtocolSubscription, data, newer_as_last=True)
    assert read == SUBSCRIPTION


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff\xff", b"\x00\x00\x00"])
def test_what_is_no_message_is_malformed(data):
    with pytest.raises(MalformedMessageError):
        versioned.decode(ConsumerProtocolAssignment, data)
