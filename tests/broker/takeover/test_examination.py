"""What is there is understood as a whole, or refused with every reason, and nothing is changed."""

import shutil
from collections.abc import Callable

import pytest

from logcore.broker.takeover.inspection import inspect
from logcore.broker.takeover.refusal import TakeoverRefusedError
from logcore.controller.control_batch import (
    KRAFT_VERSION,
    KRAFT_VOTERS,
    ControlRecord,
    control_batch,
)
from logcore.controller.image import PartitionImage
from logcore.controller.records import partition_record
from logcore.log import Log
from logcore.protocol.internal.metadata import (
    BeginTransactionRecord,
    ConfigRecord,
    FeatureLevelRecord,
    RegisterBrokerRecord,
    RegisterControllerRecord,
    TopicRecord,
)
from logcore.protocol.internal.raft import KRaftVersionRecord, VotersRecord, VotersVoter
from tests.broker.running import running_broker
from tests.broker.takeover.kafka_like import KAFKA_EPOCH, Node, say_state, tree

ID = b"another topic-id"


# ---------------------------------------------------------------- reasons against it


def unclean(node: Node) -> None:
    (node.path / ".kafka_cleanshutdown").unlink()


def moving_in(node: Node) -> None:
    (node.path / f"{node.topic}-0.{'a' * 32}-future").mkdir()


def stray(node: Node) -> None:
    (node.path / f"{node.topic}-0.{'a' * 32}-stray").mkdir()


def foreign(node: Node) -> None:
    (node.path / "photographs").mkdir()


def tiered(node: Node) -> None:
    (node.path / "remote-log-index-cache").mkdir()


def tiered_topic(node: Node) -> None:
    node.append_metadata(
        ConfigRecord(
            resource_type=2, resource_name=node.topic, name="remote.storage.enable", value="true"
        )
    )


def without_a_partition(node: Node) -> None:
    shutil.rmtree(node.path / f"{node.topic}-1")


def of_no_topic(node: Node) -> None:
    shutil.copytree(node.path / f"{node.topic}-1", node.path / "unheard-of-0")


def beyond_the_topic(node: Node) -> None:
    shutil.copytree(node.path / f"{node.topic}-1", node.path / f"{node.topic}-2")


def of_another_id(node: Node) -> None:
    file = node.path / f"{node.topic}-1" / "partition.metadata"
    file.write_text("version: 0\ntopic_id: Y_Y8_dxWQOq4ndhYtoRuoQ")


def without_its_id(node: Node) -> None:
    (node.path / f"{node.topic}-1" / "partition.metadata").unlink()


def compacting(node: Node) -> None:
    (node.path / f"{node.topic}-1" / f"{0:020}.log.swap").touch()


def without_segments(node: Node) -> None:
    (node.path / f"{node.topic}-1" / f"{0:020}.log").unlink()


def old_format(node: Node) -> None:
    with (node.path / f"{node.topic}-1" / f"{0:020}.log").open("r+b") as file:
        file.write(bytes(16) + b"\1" + bytes(20))


def damaged_checkpoint(node: Node) -> None:
    (node.path / "recovery-point-offset-checkpoint").write_text("0\n7\n")


def of_zookeeper(node: Node) -> None:
    (node.path / "meta.properties").write_text("version=0\nbroker.id=1\ncluster.id=c\n")


def of_the_future(node: Node) -> None:
    file = node.path / "meta.properties"
    file.write_text(file.read_text().replace("version=1", "version=2"))


def of_another_node(node: Node) -> None:
    file = node.path / "meta.properties"
    file.write_text(file.read_text().replace("node.id=1", "node.id=7"))


def without_its_own_id(node: Node) -> None:
    file = node.path / "meta.properties"
    lines = [line for line in file.read_text().splitlines() if "directory.id" not in line]
    file.write_text("\n".join(lines))


def newer_metadata(node: Node) -> None:
    node.append_metadata(FeatureLevelRecord(name="metadata.version", feature_level=31))


def unknown_feature(node: Node) -> None:
    node.append_metadata(FeatureLevelRecord(name="wings.version", feature_level=1))


def unknown_record(node: Node) -> None:
    node.append_raw_metadata([b"\x01\x63\x00"])


def unknown_version(node: Node) -> None:
    node.append_raw_metadata([b"\x01\x02\x09"])


def half_a_change(node: Node) -> None:
    node.append_metadata(BeginTransactionRecord())


def another_broker(node: Node) -> None:
    node.append_metadata(RegisterBrokerRecord(broker_id=2, incarnation_id=ID, broker_epoch=99))


def another_directory(node: Node) -> None:
    record = RegisterBrokerRecord(broker_id=1, incarnation_id=ID, broker_epoch=99, log_dirs=[ID])
    node.append_metadata(record)


def another_controller(node: Node) -> None:
    node.append_metadata(RegisterControllerRecord(controller_id=3000, incarnation_id=ID))


def other_voters(node: Node) -> None:
    say_state(node.path, KAFKA_EPOCH, currentVoters=[{"voterId": 1}, {"voterId": 2}])


def control(node: Node, *records: ControlRecord) -> None:
    with Log(node.metadata) as log:
        for record in records:
            log.append_raw(control_batch(record, 5))


def other_voters_in_the_log(node: Node) -> None:
    voters = VotersRecord(voters=[VotersVoter(voter_id=3000, voter_directory_id=ID)])
    control(node, ControlRecord(KRAFT_VOTERS, voters.encode_bytes(0)))


def voter_elsewhere(node: Node) -> None:
    voters = VotersRecord(voters=[VotersVoter(voter_id=1, voter_directory_id=ID)])
    control(node, ControlRecord(KRAFT_VOTERS, voters.encode_bytes(0)))


def newer_quorum(node: Node) -> None:
    version = KRaftVersionRecord(kraft_version=2).encode_bytes(0)
    control(node, ControlRecord(KRAFT_VERSION, version))


def unknown_control_record(node: Node) -> None:
    control(node, ControlRecord(17, b""))


def new_topic(node: Node, partition: PartitionImage) -> None:
    shutil.copytree(node.path / f"{node.topic}-1", node.path / "new-0")
    text = "version: 0\ntopic_id: YW5vdGhlciB0b3BpYy1pZA"
    (node.path / "new-0" / "partition.metadata").write_text(text)
    node.append_metadata(TopicRecord(name="new", topic_id=ID), partition_record(ID, partition))


def replicated(node: Node) -> None:
    new_topic(node, PartitionImage(0, (1, 2), (1, 2), 1))


def reassigned(node: Node) -> None:
    new_topic(node, PartitionImage(0, (1, 2), (1,), 1, adding_replicas=(2,)))


def in_a_lost_directory(node: Node) -> None:
    new_topic(node, PartitionImage(0, (1,), (1,), 1, directories=(ID,)))


def unkeepable_setting(node: Node) -> None:
    node.append_metadata(
        ConfigRecord(resource_type=2, resource_name=node.topic, name="retention.ms", value="soon")
    )


def unknown_group_record(node: Node) -> None:
    node.append("__consumer_offsets-0", [(b"\0\x7f", b"\0\0")])


def unknown_group_version(node: Node) -> None:
    node.append("__consumer_offsets-0", [(b"\0\2\0\1g", b"\0\x63")])


def unknown_transaction(node: Node) -> None:
    node.append("__transaction_state-0", [(b"\0\5\0\1g", b"\0\0")])


REASONS: list[tuple[Callable[[Node], None], str]] = [
    (unclean, "was not closed in order .*: start Apache Kafka 4.3 on it once more and stop it"),
    (moving_in, "-future is a replica on its way"),
    (stray, r"-stray belongs to no topic that this node holds \(a stray\)"),
    (foreign, "photographs is no directory of Apache Kafka's: move it elsewhere"),
    (tiered, "remote-log-index-cache is of tiered storage"),
    (tiered_topic, "is in tiered storage"),
    (without_a_partition, "-1 has no directory in log.dirs"),
    (of_no_topic, r"unheard-of-0 belongs to no topic of the cluster \(a stray\)"),
    (beyond_the_topic, r"-2 belongs to no topic of the cluster \(a stray\)"),
    (of_another_id, "-1 is of the topic id Y_Y8_dxWQOq4ndhYtoRuoQ, and"),
    (without_its_id, "-1 does not tell the id of its topic"),
    (compacting, "-1 is in the middle of a compaction"),
    (without_segments, "-1 lacks a segment"),
    (old_format, "has records in message format 1"),
    (damaged_checkpoint, "recovery-point-offset-checkpoint cannot be understood"),
    (of_zookeeper, "is of a cluster with ZooKeeper"),
    (of_the_future, "has the unknown version 2"),
    (of_another_node, "is of node 7, not 1: set node.id to 7"),
    (without_its_own_id, "has no directory.id"),
    (newer_metadata, "metadata.version is in force at level 31, and this release knows it levels"),
    (unknown_feature, "wings.version is in force at level 1, and this release knows it not at all"),
    (unknown_record, "not fully understood: no metadata record has type 99"),
    (unknown_version, "not fully understood: TopicRecord has version"),
    (half_a_change, "a change of it was not finished"),
    (another_broker, r"the cluster has other brokers \(2\)"),
    (another_directory, "log directories of this node are not among log.dirs"),
    (another_controller, "the cluster's controllers are 3000, not node 1 alone"),
    (other_voters, "the cluster's controllers are 1, 2, not node 1 alone"),
    (other_voters_in_the_log, "the cluster's controllers are 3000, not node 1 alone"),
    (voter_elsewhere, "the voter of the quorum lives in the directory"),
    (newer_quorum, "kraft.version is 2"),
    (unknown_control_record, "a control record of the unknown type 17"),
    (replicated, "new-0 has its replicas on nodes 1, 2, not on node 1 alone"),
    (reassigned, "new-0 is being reassigned"),
    (in_a_lost_directory, "new-0 is in a log directory that is not among log.dirs"),
    (unkeepable_setting, "a setting of .* cannot be kept: .*retention.ms"),
    (unknown_group_record, "__consumer_offsets-0 is not fully understood: .*127"),
    (unknown_group_version, "__consumer_offsets-0 is not fully understood: .*99"),
    (unknown_transaction, "__transaction_state-0 is not fully understood: .*5"),
]


@pytest.mark.parametrize(("spoil", "reason"), REASONS, ids=[spoil.__name__ for spoil, _ in REASONS])
def test_a_reason_against_it_leaves_everything_as_it_was(node, spoil, reason):
    spoil(node)
    before = tree(node.path)
    with pytest.raises(TakeoverRefusedError, match=reason):
        node.inspect()
    assert tree(node.path) == before


def test_a_broker_that_is_refused_has_changed_nothing(node):
    unclean(node)
    foreign(node)
    before = tree(node.path)
    nothing = pytest.raises(TakeoverRefusedError, match="Nothing was changed")
    with nothing as refusal, running_broker(node.path):
        pass
    assert len(refusal.value.reasons) == 2
    assert tree(node.path) == before


# ---------------------------------------------------------------- several directories


def with_two(node: Node, tmp_path, owner: str | None = None) -> str:
    """Move a partition into a second directory of the node; return ``log.dirs``."""
    second = tmp_path / "second"
    second.mkdir()
    shutil.move(node.path / f"{node.topic}-1", second)
    lines = (node.path / "meta.properties").read_text().splitlines()
    kept = [line for line in lines if "directory.id" not in line]
    text = "\n".join([*kept, "directory.id=Y_Y8_dxWQOq4ndhYtoRuoQ"]) if owner is None else owner
    (second / "meta.properties").write_text(text)
    shutil.copy(node.path / ".kafka_cleanshutdown", second)
    return f"{node.path},{second}"


def test_a_node_with_two_directories(node, tmp_path):
    both = with_two(node, tmp_path)
    takeover = inspect(node.config(log_dirs=both))
    assert takeover is not None
    assert takeover.counts["partitions"] == 4
    with pytest.raises(TakeoverRefusedError, match="-1 has no directory in log"):
        node.inspect()


@pytest.mark.parametrize(
    ("owner", "reason"),
    [
        ("", "meta.properties is missing"),
        ("version=1\nnode.id=1\ncluster.id=another\n", "has no directory.id"),
    ],
)
def test_a_second_directory_that_is_not_the_nodes(node, tmp_path, owner, reason):
    both = with_two(node, tmp_path, owner)
    with pytest.raises(TakeoverRefusedError, match=reason):
        inspect(node.config(log_dirs=both))


def test_a_second_directory_of_another_cluster_or_a_copy_of_the_first(node, tmp_path):
    own = (node.path / "meta.properties").read_text()
    other = own.replace("cluster.id=", "cluster.id=x")
    with pytest.raises(TakeoverRefusedError, match=r"of different clusters.*the same directory.id"):
        inspect(node.config(log_dirs=with_two(node, tmp_path, other)))


def test_a_second_directory_that_is_not_there(node, tmp_path):
    dirs = f"{node.path},{tmp_path / 'absent'}"
    with pytest.raises(TakeoverRefusedError, match=r"absent of log\.dirs does not exist"):
        inspect(node.config(log_dirs=dirs))
    assert not (tmp_path / "absent").exists()


def test_the_same_partition_twice(node, tmp_path):
    both = with_two(node, tmp_path)
    shutil.copytree(tmp_path / "second" / f"{node.topic}-1", node.path / f"{node.topic}-1")
    with pytest.raises(TakeoverRefusedError, match="are the same partition"):
        inspect(node.config(log_dirs=both))
