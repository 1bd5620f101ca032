"""Topics are made, listed, described, grown, emptied and deleted, each with a result of its own."""

import pytest

from logcore.admin.admin import Admin
from logcore.admin.topics import NewTopic
from logcore.client.positions import TopicPartition
from logcore.common.access import Operation
from logcore.common.errors import (
    InvalidPartitionsError,
    InvalidTopicError,
    OffsetOutOfRangeError,
    TopicAlreadyExistsError,
    UnknownTopicIdError,
    UnknownTopicOrPartitionError,
)
from logcore.testing.topics import fresh_name
from tests.admin.made import make_topics
from tests.eventually import eventually


def test_making_describing_and_deleting(admin: Admin) -> None:
    name = fresh_name()
    topic = NewTopic(name, partitions=3, replication_factor=1, configs={"retention.ms": "5000"})
    made = admin.topics.create(topic)[name]
    assert (made.partitions, made.replication_factor) == (3, 1)
    assert made.configs["retention.ms"] == "5000"
    eventually(lambda: name in admin.topics.list())
    described = admin.topics.describe(name)[name]
    assert described.topic_id == made.topic_id
    assert not described.is_internal
    assert [part.partition for part in described.partitions] == [0, 1, 2]
    assert all(
        part.leader is not None and part.isr == part.replicas for part in described.partitions
    )
    assert admin.topics.delete(name)[name] is None
    eventually(lambda: name not in admin.topics.list())


def test_by_id(admin: Admin) -> None:
    name = fresh_name()
    make_topics(admin, name)
    topic_id = admin.topics.describe(name)[name].topic_id
    described = admin.topics.describe_ids(topic_id)[topic_id]
    assert (described.name, len(described.partitions)) == (name, 1)
    assert admin.topics.delete_ids(topic_id)[topic_id] is None
    eventually(lambda: name not in admin.topics.list())
    gone = admin.topics.delete_ids(topic_id, bytes(range(16)))
    assert {type(error) for error in gone.errors.values()} == {UnknownTopicIdError}


def test_who_could_lead_and_what_one_may_do(admin: Admin) -> None:
    name, nobodys = fresh_name(), fresh_name()
    make_topics(admin, NewTopic(name, 3))
    found = admin.topics.describe_eligible(name, nobodys)
    assert [part.partition for part in found[name].partitions] == [0, 1, 2]
    assert isinstance(found.errors[nobodys], UnknownTopicOrPartitionError)
    assert name in admin.topics.describe_eligible()
    operations = admin.topics.describe(name, with_operations=True)[name].operations
    assert operations is not None
    assert Operation.WRITE in operations
    assert admin.topics.describe(name)[name].operations is None


def test_one_failure_does_not_fail_the_others(admin: Admin) -> None:
    old, new = fresh_name(), fresh_name()
    make_topics(admin, old)
    results = admin.topics.create(old, new, "no spaces please")
    assert list(results.succeeded) == [new]
    assert isinstance(results.errors[old], TopicAlreadyExistsError)
    assert isinstance(results.errors["no spaces please"], InvalidTopicError)
    gone = admin.topics.delete(old, new, fresh_name())
    assert set(gone.succeeded) == {old, new}
    assert [type(error) for error in gone.errors.values()] == [UnknownTopicOrPartitionError]


def test_only_to_see_if_it_could_be_made(admin: Admin) -> None:
    name = fresh_name()
    admin.topics.create(name, validate_only=True).raise_for_errors()
    assert name not in admin.topics.list()


def test_placed_by_hand(admin: Admin) -> None:
    name = fresh_name()
    (node,) = (broker.node_id for broker in admin.cluster.describe().brokers)
    make_topics(admin, NewTopic(name, assignments=[[node], [node]]))
    assert len(admin.topics.describe(name)[name].partitions) == 2


def test_more_partitions(admin: Admin) -> None:
    name = fresh_name()
    make_topics(admin, NewTopic(name, 1))
    admin.topics.add_partitions({name: 3}).raise_for_errors()
    eventually(lambda: len(admin.topics.describe(name)[name].partitions) == 3)
    with pytest.raises(InvalidPartitionsError):
        admin.topics.add_partitions({name: 2}).raise_for_errors()


def test_deleting_records(admin: Admin) -> None:
    name = fresh_name()
    make_topics(admin, NewTopic(name, 1))
    partition = TopicPartition(name, 0)
    assert admin.topics.delete_records({partition: -1})[partition] == 0
    with pytest.raises(OffsetOutOfRangeError):
        admin.topics.delete_records({partition: 5}).raise_for_errors()


def test_a_topic_that_is_not_there(admin: Admin) -> None:
    results = admin.topics.describe(fresh_name())
    assert [type(error) for error in results.errors.values()] == [UnknownTopicOrPartitionError]
