"""Subscriptions and assignments as consumers of the classic protocol embed them."""

import pytest

from logcore.common.errors import InconsistentGroupProtocolError, UnsupportedVersionError
from logcore.coordinator.group.consumer_embedded import (
    read_assignment,
    read_subscription,
    write_assignment,
)
from logcore.protocol.internal import versioned
from logcore.protocol.internal.consumer_protocol import ConsumerProtocolAssignment
from tests.coordinator.group.consumers import ConsumerCluster
from tests.coordinator.group.test_consumer_classic import subscription

TOPICS = ConsumerCluster({"foo": 3, "bar": 2}).topics
FOO, BAR = (TOPICS.topics_by_name[name].topic_id for name in ("foo", "bar"))


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_a_subscription_of_any_version(version):
    said = subscription("foo", "x", owned={"foo": [1], "gone": [0]}, rack="r", version=version)
    read = read_subscription(said, TOPICS)
    assert read.topics == {"foo", "x"}
    assert read.owned == ({FOO: [1]} if version >= 1 else {})
    assert read.rack_id == ("r" if version >= 3 else None)


def test_a_subscription_of_a_later_version_begins_alike():
    later = b"\0\x09" + subscription("foo", rack="r")[2:] + b"more"
    assert read_subscription(later, TOPICS).topics == {"foo"}


@pytest.mark.parametrize("said", [b"", b"\0", b"\xff\xff", b"\0\0\0\0\0\5"])
def test_what_is_no_subscription(said):
    with pytest.raises(InconsistentGroupProtocolError):
        read_subscription(said, TOPICS)


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_an_assignment_is_read_as_it_was_written(version):
    written = write_assignment(
        {FOO: {2, 0}, BAR: [1], b"?" * 16: [0]}, subscription("foo", version=version), TOPICS
    )
    assert versioned.version_of(written) == version
    assert read_assignment(written, TOPICS) == {FOO: [0, 2], BAR: [1]}


def test_an_assignment_to_a_member_of_a_later_version_is_of_the_last_known():
    assert versioned.version_of(write_assignment({}, b"\0\x09\0", TOPICS)) == 3


def test_no_assignment_yet_is_none():
    assert read_assignment(b"", TOPICS) == {}


def test_what_is_no_assignment():
    with pytest.raises(InconsistentGroupProtocolError):
        read_assignment(b"\0\0\0", TOPICS)


def test_an_assignment_with_data_of_the_members_own():
    written = versioned.encode(ConsumerProtocolAssignment(user_data=b"mine"), 0)
    with pytest.raises(UnsupportedVersionError):
        read_assignment(written, TOPICS)
