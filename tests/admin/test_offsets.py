"""Offsets of partitions: their bounds, those with names, and those of times."""

from datetime import UTC, datetime

import pytest

from logcore.admin.admin import Admin
from logcore.admin.offsets import OffsetSpec
from logcore.admin.topics import NewTopic
from logcore.client.positions import TopicPartition
from logcore.common.errors import UnknownTopicOrPartitionError
from logcore.testing.topics import fresh_name
from tests.admin.made import make_topics


def test_bounds_and_names(admin: Admin) -> None:
    name = fresh_name()
    make_topics(admin, NewTopic(name, 2))
    partitions = admin.offsets.partitions(name)
    assert partitions == [(name, 0), (name, 1)]
    assert admin.offsets.bounds(partitions).succeeded == dict.fromkeys(partitions, (0, 0))
    found = admin.offsets.find(
        {partitions[0]: OffsetSpec.MAX_TIMESTAMP, partitions[1]: datetime(2020, 1, 1, tzinfo=UTC)}
    )
    assert [offset.offset for offset in found.succeeded.values()] == [None, None]


def test_what_is_not_there(admin: Admin) -> None:
    name = fresh_name()
    with pytest.raises(UnknownTopicOrPartitionError, match=name):
        admin.offsets.partitions(name)
    make_topics(admin, NewTopic(name, 1))
    with pytest.raises(UnknownTopicOrPartitionError, match=f"{name}-7"):
        admin.offsets.find({TopicPartition(name, 7): OffsetSpec.LATEST})


def test_a_time_without_a_zone_is_refused(our_admin: Admin) -> None:
    name = fresh_name()
    our_admin.topics.create(name).raise_for_errors()
    with pytest.raises(ValueError, match="time zone"):
        our_admin.offsets.find({TopicPartition(name, 0): datetime(2020, 1, 1)})  # noqa: DTZ001 - the fault
