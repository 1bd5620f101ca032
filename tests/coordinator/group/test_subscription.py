"""Subscriptions: read where they can be, never trusted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.coordinator.group.subscription import subscribed_topics
from logcore.protocol.internal.consumer_protocol import ConsumerProtocolSubscription


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_every_version_begins_with_the_topics(version):
    said = ConsumerProtocolSubscription(topics=["a", "b\u00e9"], user_data=b"more")
    metadata = version.to_bytes(2, "big") + said.encode_bytes(version)
    assert subscribed_topics(metadata) == ["a", "b\u00e9"]


def test_a_version_to_come_is_read_too():
    said = ConsumerProtocolSubscription(topics=["a"]).encode_bytes(0)
    assert subscribed_topics(b"\0\x63" + said + b"and more") == ["a"]


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_not_but_never_fail(metadata):
    topics = subscribed_topics(metadata)
    assert topics is None or all(isinstance(topic, str) for topic in topics)
