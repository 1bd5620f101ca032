"""Groups are listed, described and deleted, and their offsets set, read and forgotten."""

from collections.abc import Iterator
from typing import Any

import confluent_kafka
import pytest

from logcore.admin.admin import Admin
from logcore.admin.groups import CommittedOffset
from logcore.admin.topics import NewTopic
from logcore.client.positions import TopicPartition
from logcore.common.access import Operation
from logcore.common.errors import (
    GroupIdNotFoundError,
    NonEmptyGroupError,
    UnknownMemberIdError,
)
from logcore.testing.topics import fresh_name
from tests.admin.made import make_topics
from tests.eventually import eventually
from tests.streams_group import streams_member


@pytest.fixture
def topic(admin: Admin) -> str:
    name = fresh_name()
    make_topics(admin, NewTopic(name, 2))
    return name


@pytest.fixture(params=["classic", "consumer"])
def members(
    request: pytest.FixtureRequest, admin: Admin, topic: str
) -> Iterator[tuple[str, str, str]]:
    """A group of one member: its name, kind and topic."""
    group = fresh_name("group")
    broker = admin.cluster.describe().brokers[0]
    settings: dict[str, Any] = {
        "bootstrap.servers": f"{broker.host}:{broker.port}",
        "group.id": group,
        "client.id": "me",
        "group.protocol": request.param,
    }
    consumer = confluent_kafka.Consumer(settings)
    consumer.subscribe([topic])
    for _ in range(100):
        consumer.poll(0.2)
        if len(consumer.assignment()) == 2:
            break
    yield group, request.param, topic
    consumer.close()


def test_offsets_of_a_group_that_nobody_reads_by(admin: Admin, topic: str) -> None:
    group, first, second = fresh_name("group"), TopicPartition(topic, 0), TopicPartition(topic, 1)
    offsets: dict[TopicPartition, CommittedOffset | int] = {
        first: CommittedOffset(0, metadata="by hand"),
        second: 0,
    }
    admin.groups.set_offsets(group, offsets).raise_for_errors()
    found = admin.groups.offsets(group)
    assert found[first] == CommittedOffset(0, None, "by hand")
    assert found[second].offset == 0
    assert list(admin.groups.offsets(group, [second])) == [second]
    assert admin.groups.describe(group)[group].state == "Empty"
    admin.groups.delete_offsets(group, [first]).raise_for_errors()
    assert list(admin.groups.offsets(group)) == [second]
    admin.groups.delete(group).raise_for_errors()
    assert group not in [listed.group_id for listed in admin.groups.list()]


@pytest.mark.parametrize("wrong", [-1, CommittedOffset(-1, metadata="by hand")])
def test_a_negative_offset_is_refused_and_erases_nothing(
    admin: Admin, topic: str, wrong: CommittedOffset | int
) -> None:
    group, first, second = fresh_name("group"), TopicPartition(topic, 0), TopicPartition(topic, 1)
    admin.groups.set_offsets(group, {first: 7}).raise_for_errors()
    given: dict[TopicPartition, CommittedOffset | int] = {second: 8, first: wrong}
    with pytest.raises(ValueError, match=f"{topic}-0: offset -1 is negative"):
        admin.groups.set_offsets(group, given)
    assert admin.groups.offsets(group) == {first: CommittedOffset(7)}


def test_a_group_with_a_member(admin: Admin, members: tuple[str, str, str]) -> None:
    group, kind, topic = members
    (listed,) = (one for one in admin.groups.list(kinds=[kind]) if one.group_id == group)
    assert (listed.kind, listed.state) == (kind, "Stable")
    described = admin.groups.describe(group)[group]
    assert (described.kind, described.state) == (kind, "Stable")
    assert described.assignor
    (member,) = described.members
    assert member.client_id == "me"
    assert member.subscription == (topic,)
    assert member.assignment == ((topic, 0), (topic, 1))
    assert (member.epoch is None) == (kind == "classic")
    with pytest.raises(NonEmptyGroupError):
        admin.groups.delete(group).raise_for_errors()
    with pytest.raises(UnknownMemberIdError):
        admin.groups.set_offsets(group, {TopicPartition(topic, 0): 0}).raise_for_errors()


def test_removing_a_member(admin: Admin, members: tuple[str, str, str]) -> None:
    group, kind, _ = members
    if kind == "consumer":
        return
    (member,) = admin.groups.describe(group)[group].members
    assert list(admin.groups.remove_members(group, member_ids=[member.member_id])) == [
        member.member_id
    ]
    with pytest.raises(UnknownMemberIdError):
        admin.groups.remove_members(group, member_ids=["nobody"]).raise_for_errors()


def test_removing_every_member(admin: Admin, members: tuple[str, str, str]) -> None:
    group, kind, _ = members
    if kind == "consumer":
        return
    gone = admin.groups.remove_all_members(group, reason="for a test")
    assert len(gone.succeeded) == 1


def test_a_streams_group(admin: Admin, topic: str) -> None:
    group, first = fresh_name("group"), TopicPartition(topic, 0)
    with streams_member(admin, group, topic) as member_id:
        eventually(lambda: admin.groups.describe(group)[group].state == "Stable")
        described = admin.groups.describe(group, with_operations=True)[group]
        assert (described.kind, described.protocol_type) == ("streams", "streams")
        assert described.assignment_epoch == described.epoch
        assert described.operations is not None
        assert Operation.READ in described.operations
        assert described.topology is not None
        (part,) = described.topology.subtopologies
        assert (part.subtopology_id, part.source_topics) == ("0", (topic,))
        (member,) = described.members
        assert (member.member_id, member.process_id) == (member_id, "process")
        assert member.target_tasks["active"] == ("0_0", "0_1")
        assert [one.group_id for one in admin.groups.list(kinds=["streams"])].count(group) == 1
    eventually(lambda: admin.groups.describe(group)[group].state == "Empty")
    admin.groups.set_offsets(group, {first: 0}).raise_for_errors()
    eventually(lambda: list(admin.groups.offsets(group)) == [first])
    admin.groups.delete_offsets(group, [first]).raise_for_errors()
    eventually(lambda: not admin.groups.offsets(group))
    admin.groups.delete(group).raise_for_errors()


def test_groups_that_are_not_there(admin: Admin) -> None:
    nobody = fresh_name("group")
    assert isinstance(admin.groups.describe(nobody).errors[nobody], GroupIdNotFoundError)
    assert isinstance(admin.groups.delete(nobody).errors[nobody], GroupIdNotFoundError)
    assert not admin.groups.offsets(nobody)
