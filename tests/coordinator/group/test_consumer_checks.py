"""What is checked of a heartbeat; test_consumer_heartbeat.py has what clients see of it."""

from typing import Any

import pytest

from logcore.common.errors import FencedMemberEpochError, UnknownMemberIdError
from logcore.coordinator.group.consumer_checks import (
    dynamic_member,
    owns_all,
    refuse_wrong_epoch,
    reported_partitions,
    says_everything,
)
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.consumer_member import ConsumerMember
from logcore.protocol.messages.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    TopicPartitions,
)

T1, T2 = b"1" * 16, b"2" * 16
MEMBER = ConsumerMember(member_id="m", epoch=5, previous_epoch=3, assigned={T1: {0: 5, 1: 4}})


@pytest.mark.parametrize(
    ("reported", "is_owned"),
    [(None, False), ({}, True), ({T1: {0}}, True), ({T1: {0, 2}}, False), ({T2: {0}}, False)],
)
def test_what_a_member_says_it_owns_is_compared_with_what_it_owns(reported, is_owned):
    assert owns_all(MEMBER, reported) is is_owned


def test_epochs_that_are_let_in():
    refuse_wrong_epoch(MEMBER, 5, None)
    refuse_wrong_epoch(MEMBER, 3, {T1: {1}})


@pytest.mark.parametrize(
    ("epoch", "reported"), [(6, {}), (4, {}), (2, {}), (3, None), (3, {T2: {0}})]
)
def test_epochs_that_are_fenced(epoch, reported):
    with pytest.raises(FencedMemberEpochError):
        refuse_wrong_epoch(MEMBER, epoch, reported)


def test_who_joins_need_not_be_there():
    group = ConsumerGroup("g")
    assert dynamic_member(group, "m", is_joining=True) == ConsumerMember(member_id="m")
    with pytest.raises(UnknownMemberIdError):
        dynamic_member(group, "m", is_joining=False)
    group.put(MEMBER)
    for is_joining in (True, False):
        assert dynamic_member(group, "m", is_joining=is_joining) is MEMBER


def test_saying_nothing_of_partitions_is_not_owning_none():
    assert reported_partitions(ConsumerGroupHeartbeatRequest()) is None
    assert reported_partitions(ConsumerGroupHeartbeatRequest(topic_partitions=[])) == {}
    owned = [TopicPartitions(topic_id=T1, partitions=[2, 1])]
    reported = reported_partitions(ConsumerGroupHeartbeatRequest(topic_partitions=owned))
    assert reported == {T1: frozenset({1, 2})}


def test_everything_is_timeout_subscription_and_partitions():
    said: dict[str, Any] = {
        "rebalance_timeout_ms": 1,
        "subscribed_topic_names": [],
        "topic_partitions": [],
    }
    assert says_everything(ConsumerGroupHeartbeatRequest(**said))
    for left_out in said:
        rest = {name: value for name, value in said.items() if name != left_out}
        assert not says_everything(ConsumerGroupHeartbeatRequest(**rest))
    del said["subscribed_topic_names"]
    assert says_everything(ConsumerGroupHeartbeatRequest(subscribed_topic_regex="", **said))
