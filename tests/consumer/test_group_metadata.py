"""Subscriptions and assignments as bytes: read back, and read by older and newer clients."""

import pytest

from logcore.client.positions import TopicPartition
from logcore.consumer.assignors import Member
from logcore.consumer.group_metadata import (
    decode_assignment,
    decode_subscription,
    encode_assignment,
    encode_subscription,
)
from logcore.protocol.errors import MalformedMessageError
from logcore.protocol.internal import versioned
from logcore.protocol.internal.consumer_protocol import ConsumerProtocolSubscription

OWNED = (TopicPartition("a", 0), TopicPartition("a", 3), TopicPartition("b", 1))


@pytest.mark.parametrize("with_data", [False, True])
def test_a_subscription_is_read_back(with_data):
    data = encode_subscription({"a", "b"}, OWNED, 7, with_data=with_data)
    assert decode_subscription(data, "i") == Member(frozenset("ab"), OWNED, 7, "i")


def test_where_a_member_stands_is_said_if_it_is_known():
    for rack in (None, "cellar"):
        data = encode_subscription({"a"}, OWNED, 7, with_data=False, rack=rack)
        assert versioned.decode(ConsumerProtocolSubscription, data).rack_id == rack


def test_what_an_old_sticky_client_holds_stands_in_its_user_data():
    new = versioned.decode(
        ConsumerProtocolSubscription, encode_subscription({"a"}, OWNED, 7, with_data=True)
    )
    old = ConsumerProtocolSubscription(topics=["a"], user_data=new.user_data)
    member = decode_subscription(versioned.encode(old, 0), None)
    assert (member.owned, member.generation) == (OWNED, 7)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x01\x00\x05a"])
def test_user_data_of_somebody_else_says_nothing(data):
    old = ConsumerProtocolSubscription(topics=["a"], user_data=data)
    member = decode_subscription(versioned.encode(old, 0), None)
    assert (member.owned, member.generation) == ((), -1)


def test_an_assignment_is_read_back():
    assert decode_assignment(encode_assignment(OWNED)) == list(OWNED)
    assert decode_assignment(b"") == []


def test_damage_is_an_error_of_its_own():
    with pytest.raises(MalformedMessageError):
        decode_assignment(b"\x00\x01\xff")
    with pytest.raises(MalformedMessageError):
        decode_subscription(b"\x00", None)
