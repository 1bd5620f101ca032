"""Replicas: in which directories they are, who leads, and moving them."""

import pytest

from logcore.admin.admin import Admin
from logcore.admin.replicas import LogDirDescription, LogInfo, Replica, ReplicaPlace, _place
from logcore.admin.topics import NewTopic
from logcore.client.positions import TopicPartition
from logcore.common.errors import (
    InvalidReplicaAssignmentError,
    LogDirNotFoundError,
    NoReassignmentInProgressError,
)
from logcore.testing.topics import fresh_name
from tests.admin.made import make_topics
from tests.eventually import eventually


@pytest.fixture
def partition(admin: Admin) -> TopicPartition:
    name = fresh_name()
    make_topics(admin, NewTopic(name, 1))
    return TopicPartition(name, 0)


def node_of(admin: Admin) -> int:
    return admin.cluster.describe().brokers[0].node_id


def test_directories(admin: Admin, partition: TopicPartition) -> None:
    node = node_of(admin)
    eventually(lambda: partition in admin.replicas.log_dirs()[node][0].logs)
    (directory,) = admin.replicas.log_dirs(node, partitions=[partition])[node]
    assert directory.error is None
    assert not directory.is_cordoned
    assert directory.total_bytes is not None
    assert directory.usable_bytes is not None
    assert 0 < directory.usable_bytes <= directory.total_bytes
    assert directory.logs == {partition: LogInfo(0, 0, is_future=False)}


def test_places(admin: Admin, partition: TopicPartition) -> None:
    node = node_of(admin)
    here, nowhere = Replica(*partition, node), Replica(fresh_name(), 0, node)
    eventually(lambda: admin.replicas.places(here)[here].path is not None)
    found = admin.replicas.places(here, nowhere)
    (directory,) = admin.replicas.log_dirs()[node]
    assert found == {here: ReplicaPlace(directory.path, 0), nowhere: ReplicaPlace()}
    results = admin.replicas.move_dirs({here: "/no/such/directory"})
    assert isinstance(results.errors[here], LogDirNotFoundError)
    assert admin.replicas.move_dirs({here: directory.path})[here] is None, "it is there already"


def test_a_replica_on_its_way() -> None:
    partition = TopicPartition("t", 0)
    directories = [
        LogDirDescription("/old", logs={partition: LogInfo(10, 0, is_future=False)}),
        LogDirDescription("/new", logs={partition: LogInfo(4, 6, is_future=True)}),
        LogDirDescription("/other"),
    ]
    assert _place(partition, directories) == ReplicaPlace("/old", 0, "/new", 6)


def test_leaders_and_moves(admin: Admin, partition: TopicPartition) -> None:
    assert admin.replicas.elect_leaders([partition])[partition] is False, "it leads already"
    admin.replicas.reassign({partition: [node_of(admin)]}).raise_for_errors()
    assert partition not in admin.replicas.reassignments()
    assert admin.replicas.reassignments([partition]) == {}
    with pytest.raises(NoReassignmentInProgressError):
        admin.replicas.reassign({partition: None}, may_change_factor=False).raise_for_errors()
    with pytest.raises(InvalidReplicaAssignmentError):
        admin.replicas.reassign({partition: [98, 99]}).raise_for_errors()
