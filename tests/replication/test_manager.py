"""The replica manager follows what the metadata says, also across restarts."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from logcore.common.errors import UnknownTopicOrPartitionError
from logcore.log.manager import LogManager
from logcore.replication.manager import ReplicaManager


@dataclass
class PartitionFacts:
    partition_id: int
    leader_epoch: int = 0


@dataclass
class TopicFacts:
    name: str
    topic_id: bytes
    partitions: list[PartitionFacts]


def topic(name: str, count: int, number: int = 1, epoch: int = 0) -> TopicFacts:
    partitions = [PartitionFacts(index, epoch) for index in range(count)]
    return TopicFacts(name, bytes([number]) * 16, partitions)


@pytest.fixture
def logs(tmp_path: Path):
    manager = LogManager([str(tmp_path)], cluster_id=None, node_id=None)
    yield manager
    manager.close()


def test_partitions_are_found_by_name_and_names_by_id(logs):
    replicas = ReplicaManager(logs)
    replicas.host([topic("a", 2)], is_new=True)
    assert [str(partition) for partition in replicas] == ["a-0", "a-1"]
    assert replicas.get("a", 1).log.end_offset == 0
    assert replicas.name_of(b"\1" * 16) == "a"
    with pytest.raises(UnknownTopicOrPartitionError):
        replicas.get("a", 2)
    with pytest.raises(UnknownTopicOrPartitionError):
        replicas.get("b", 0)


def test_more_partitions_and_newer_epochs_are_taken_over(logs):
    replicas = ReplicaManager(logs)
    replicas.host([topic("a", 1)], is_new=True)
    first = replicas.get("a", 0)
    replicas.host([topic("a", 2, epoch=3)], is_new=True)
    assert replicas.get("a", 0) is first
    assert [partition.leader_epoch for partition in replicas] == [3, 3]


def test_a_dropped_topic_is_gone_with_its_records(logs):
    replicas = ReplicaManager(logs)
    replicas.host([topic("a", 1)], is_new=True)
    replicas.get("a", 0).log.append_records([(None, b"old")], 0, 1)
    assert [str(partition) for partition in replicas.drop("a", b"\1" * 16)] == ["a-0"]
    assert replicas.find("a", 0) is None
    assert replicas.name_of(b"\1" * 16) is None
    replicas.host([topic("a", 1, number=2)], is_new=True)
    assert replicas.get("a", 0).log.end_offset == 0


def test_the_log_of_an_earlier_topic_of_the_name_is_not_taken_for_the_new_ones(tmp_path):
    manager = LogManager([str(tmp_path)], cluster_id=None, node_id=None)
    replicas = ReplicaManager(manager)
    replicas.host([topic("a", 1)], is_new=True)
    replicas.get("a", 0).log.append_records([(None, b"old")], 0, 1)
    manager.close()
    manager = LogManager([str(tmp_path)], cluster_id=None, node_id=None)
    replicas = ReplicaManager(manager)
    replicas.host([topic("a", 1, number=2)], is_new=False)
    assert replicas.get("a", 0).log.end_offset == 0
    manager.close()


def test_settings_reach_the_partitions(logs):
    replicas = ReplicaManager(logs)
    replicas.host([topic("a", 1)], is_new=True)
    replicas.configure("a", min_insync_replicas=2, waits_for_disk=True)
    partition = replicas.get("a", 0)
    assert (partition.min_insync_replicas, partition.waits_for_disk) == (2, True)
    replicas.configure("a", min_insync_replicas=1, waits_for_disk=False)
    assert not partition.waits_for_disk
