"""The cluster as a whole: brokers, directories, features, quorum, leaders, moves."""

import pytest

from logcore.admin.admin import Admin
from logcore.admin.topics import NewTopic
from logcore.client.positions import TopicPartition
from logcore.common.errors import InvalidUpdateVersionError, NoReassignmentInProgressError
from logcore.testing.topics import fresh_name
from tests.admin.made import make_topics
from tests.eventually import eventually


@pytest.fixture
def partition(admin: Admin) -> TopicPartition:
    name = fresh_name()
    make_topics(admin, NewTopic(name, 1))
    return TopicPartition(name, 0)


def test_brokers_and_directories(admin: Admin, partition: TopicPartition) -> None:
    cluster = admin.cluster.describe()
    (broker,) = cluster.brokers
    assert cluster.cluster_id
    assert cluster.controller_id == broker.node_id
    (directory,) = admin.cluster.log_dirs()[broker.node_id]
    eventually(lambda: partition in admin.cluster.log_dirs()[broker.node_id][0].sizes)
    assert directory.total_bytes is not None
    assert directory.usable_bytes is not None
    assert 0 < directory.usable_bytes <= directory.total_bytes


def test_features(admin: Admin) -> None:
    features = admin.cluster.features()
    assert features.finalized["metadata.version"] > 0
    first, last = features.supported["group.version"]
    assert first <= features.finalized["group.version"] <= last
    admin.cluster.update_features(dict(features.finalized), validate_only=True)
    with pytest.raises(InvalidUpdateVersionError):
        admin.cluster.update_features({"bogus.version": 1})


def test_the_quorum(admin: Admin) -> None:
    quorum = admin.cluster.quorum()
    assert quorum.leader in quorum.voters
    assert quorum.high_watermark > 0


def test_leaders_and_moves(admin: Admin, partition: TopicPartition) -> None:
    assert admin.cluster.elect_leaders([partition])[partition] is False, "it leads already"
    (node,) = (broker.node_id for broker in admin.cluster.describe().brokers)
    admin.cluster.reassign({partition: [node]}).raise_for_errors()
    assert partition not in admin.cluster.reassignments()
    with pytest.raises(NoReassignmentInProgressError):
        admin.cluster.reassign({partition: None}).raise_for_errors()
