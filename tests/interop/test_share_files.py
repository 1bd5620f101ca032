"""Share groups and their states on disk, between Apache Kafka and us, both ways.

Invariant: Kafka's dump tool decodes each record of ours to what was done; what Kafka's own
coordinators wrote makes the groups and states here that its tools knew.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from logcore.common.uuids import parse_uuid
from logcore.coordinator.group.share.group import ShareGroup
from logcore.coordinator.share.state import ShareKey, ShareState
from logcore.log import Log
from logcore.protocol.messages.delete_groups import DeleteGroupsRequest
from tests.broker.handlers.grouping import new_group
from tests.broker.handlers.share_grouping import alter, beat, leave
from tests.broker.handlers.share_states import read, write
from tests.broker.running import running_broker
from tests.coordinator.group.share.sharing import ShareCluster
from tests.peers import kafka

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

MEMBER = "A" * 22
SETTINGS = {
    "offsets.topic.num.partitions": "1",
    "share.coordinator.state.topic.num.partitions": "1",
}
MEMBER_METADATA, EPOCH, TARGET_EPOCH, TARGET, CURRENT, PARTITIONS = [
    "10",
    "11",
    "12",
    "13",
    "14",
    "15",
]
SNAPSHOT, UPDATE = "0", "1"


def decoded(directory: Path, topic: str, option: str) -> list[tuple[str, str, Any]]:
    """Return type of key, group and value of every record, as Kafka's tool tells them."""
    logs = [path for path in directory.glob(f"{topic}-*/*.log") if path.stat().st_size]
    report = kafka.dump_log(*logs, options=("--deep-iteration", option))
    assert "could not be" not in report
    found = []
    for key, value in re.findall(r"key: (\{.*?\}\}) payload: (.*)$", report, flags=re.MULTILINE):
        told = json.loads(key)
        data = json.loads(value)["data"] if value.startswith("{") else None
        found.append((told["type"], told["data"]["groupId"], data))
    return found


class Ours(NamedTuple):
    """What Kafka's tool reads of our records, and the names in them."""

    groups: list[tuple[str, str, Any]]
    states: list[tuple[str, str, Any]]
    topic: str
    used: str
    gone: str

    def last(self, kind: str, group: str) -> Any:
        return [value for found, name, value in self.groups if (found, name) == (kind, group)][-1]

    def of(self, group: str) -> list[tuple[str, Any]]:
        return [(kind, value) for kind, name, value in self.states if name == group]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Ours:
    directory = tmp_path_factory.mktemp("ours")
    settings = {name.replace(".", "_"): value for name, value in SETTINGS.items()}
    with running_broker(directory, **settings) as broker:
        wire = broker.wire("me")
        topic = broker.topic()
        used, gone = new_group(wire), new_group(wire)
        beat(wire, used, [topic], member_id=MEMBER, rack_id="r")
        topic_id = broker.broker.parts.controller.image.topics_by_name[topic].topic_id
        key = ShareKey(used, topic_id, 0)
        assert read(wire, key, leader_epoch=3).error_code == 0
        written = write(
            wire, key, (0, 4, 2, 1), (5, 9, 0, 2), leader_epoch=3, start_offset=0,
            delivery_complete_count=5,
        )  # fmt: skip
        assert written.error_code == 0
        beat(wire, gone, [topic], member_id=MEMBER)
        leave(wire, gone, MEMBER)
        assert alter(wire, gone, {topic: {0: 0}}) == {(topic, 0): 0}
        (deleted,) = wire.ask(DeleteGroupsRequest(groups_names=[gone]), 2).results
        assert deleted.error_code == 0
    return Ours(
        decoded(directory, "__consumer_offsets", "--offsets-decoder"),
        decoded(directory, "__share_group_state", "--share-group-state-decoder"),
        topic,
        used,
        gone,
    )


def test_kafka_decodes_a_group_and_its_member(ours: Ours):
    metadata = ours.last(MEMBER_METADATA, ours.used)
    assert metadata == {
        "rackId": "r", "clientId": "me", "clientHost": "/127.0.0.1",
        "subscribedTopicNames": [ours.topic],
    }  # fmt: skip
    assert ours.last(EPOCH, ours.used)["epoch"] == 2
    assert ours.last(TARGET_EPOCH, ours.used)["assignmentEpoch"] == 2
    (target,) = ours.last(TARGET, ours.used)["topicPartitions"]
    current = ours.last(CURRENT, ours.used)
    assert (current["memberEpoch"], current["previousMemberEpoch"], current["state"]) == (2, 1, 0)
    assert current["assignedPartitions"] == [target]
    assert target["partitions"] == [0]


def test_kafka_decodes_which_partitions_have_a_state(ours: Ours):
    told = [value for kind, name, value in ours.groups if (kind, name) == (PARTITIONS, ours.used)]
    assert [len(each["initializingTopics"]) for each in told] == [1, 0]
    (topic,) = told[-1]["initializedTopics"]
    assert (topic["topicName"], topic["partitions"]) == (ours.topic, [0])
    assert told[-1]["deletingTopics"] == []


def test_kafka_decodes_a_state(ours: Ours):
    records = ours.of(ours.used)
    assert [kind for kind, _ in records] == [SNAPSHOT, UPDATE, UPDATE]
    first, led, written = (value for _, value in records)
    assert (first["stateEpoch"], first["startOffset"], first["stateBatches"]) == (1, -1, [])
    assert (led["leaderEpoch"], led["stateBatches"]) == (3, [])
    assert (written["startOffset"], written["deliveryCompleteCount"]) == (0, 5)
    assert written["stateBatches"] == [
        {"firstOffset": 0, "lastOffset": 4, "deliveryState": 2, "deliveryCount": 1},
        {"firstOffset": 5, "lastOffset": 9, "deliveryState": 0, "deliveryCount": 2},
    ]


def test_kafka_decodes_the_end_of_a_group(ours: Ours):
    for kind in (EPOCH, TARGET_EPOCH, PARTITIONS, MEMBER_METADATA, CURRENT, TARGET):
        assert ours.last(kind, ours.gone) is None
    begun, altered, deleted = ours.of(ours.gone)
    assert (begun[0], altered[0], deleted) == (SNAPSHOT, SNAPSHOT, (SNAPSHOT, None))
    assert (altered[1]["startOffset"], altered[1]["deliveryCompleteCount"]) == (0, 0)
    assert altered[1]["stateEpoch"] >= begun[1]["stateEpoch"]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShareCluster]:
    """Both coordinators over what an Apache Kafka left behind."""
    with kafka.running_kafka(tmp_path_factory.mktemp("theirs"), config=SETTINGS) as broker:
        broker.tool("topics", "--create", "--topic", "t", "--partitions", "1")
        broker.tool("console-producer", "--topic", "t", stdin="a\nb\nc\n")
        entity = ("--entity-type", "groups", "--entity-name", "g")
        reset = "share.auto.offset.reset=earliest"
        broker.tool("configs", *entity, "--alter", "--add-config", reset)
        consume = ("--topic", "t", "--group", "g", "--max-messages", "3", "--timeout-ms", "30000")
        broker.tool("console-share-consumer", *consume)
        broker.stop()
        metadata = (broker.log_dir / "t-0" / "partition.metadata").read_text()
        cluster = ShareCluster()
        cluster.put("t", parse_uuid(metadata.split()[-1]), 1)
        for topic, log in (
            ("__consumer_offsets", cluster.log),
            ("__share_group_state", cluster.states.bench.log),
        ):
            with Log(broker.log_dir / f"{topic}-0", readonly=True) as read_back:
                log.partitions[0] = [(each.key or b"", each.value) for each in read_back]
        cluster.crash()
        yield cluster


def test_we_replay_the_group_of_kafkas_coordinator(theirs: ShareCluster):
    group = theirs.shard.state.groups["g"]
    assert isinstance(group, ShareGroup)
    assert group.is_empty
    assert group.epoch >= 2
    assert theirs.initialized() == {"t": [0]}


def test_we_replay_the_state_of_kafkas_coordinator(theirs: ShareCluster):
    ((key, state),) = theirs.states.bench.states.items()
    assert (key.group_id, key.partition) == ("g", 0)
    assert isinstance(state, ShareState)
    acknowledged = state.start_offset + state.delivery_complete_count
    assert acknowledged == 3
