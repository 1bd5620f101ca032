"""Groups and offsets on disk, between Apache Kafka and us, both ways.

Invariant: Kafka's dump tool decodes each record of ours to what was written; what Kafka's own
coordinator wrote makes the groups here that its tools knew.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from logcore.coordinator.group.state import GroupState
from logcore.log import Log
from logcore.protocol.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from logcore.protocol.messages.delete_groups import DeleteGroupsRequest
from tests.broker.handlers.grouping import commit, join, new_group, sync
from tests.broker.running import running_broker
from tests.coordinator.group.actors import Cluster
from tests.peers import kafka

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

PARTITIONS = 3


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Any]:
    """What Kafka's tool reads of our records: by type of key and group, the last value."""
    directory = tmp_path_factory.mktemp("ours")
    settings = {"offsets_topic_num_partitions": str(PARTITIONS)}
    with running_broker(directory, **settings) as broker:
        wire = broker.wire("me")
        topic = broker.topic()
        groups = {each: new_group(wire) for each in ("stable", "simple", "gone", "new")}
        joined = join(wire, groups["stable"], group_instance_id="i")
        sync(wire, groups["stable"], joined)
        for each in ("simple", "gone"):
            assert commit(wire, groups[each], {topic: {0: 7}}) == {topic: {0: 0}}
        assert wire.ask(DeleteGroupsRequest(groups_names=[groups["gone"]]), 2).results
        beat = ConsumerGroupHeartbeatRequest(
            group_id=groups["new"],
            member_id="A" * 22,
            rebalance_timeout_ms=60_000,
            subscribed_topic_names=[topic],
            topic_partitions=[],
        )
        assert wire.ask(beat, 1).error_code == 0
    logs = [path for path in directory.glob("__consumer_offsets-*/*.log") if path.stat().st_size]
    report = kafka.dump_log(*logs, options=("--deep-iteration", "--offsets-decoder"))
    named = {name: each for each, name in groups.items()}
    found = {}
    for key, value in re.findall(r"key: (\{.*?\}\}) payload: (.*)$", report, flags=re.MULTILINE):
        decoded = json.loads(key)
        data = decoded["data"]
        group = named[data.get("group", data.get("groupId"))]
        found[decoded["type"], group] = json.loads(value) if value.startswith("{") else None
    assert "could not be" not in report
    return found


def test_kafka_decodes_a_stable_group(ours):
    value = ours["2", "stable"]
    assert value["version"] == "3"
    data = value["data"]
    assert (data["protocolType"], data["protocol"], data["generation"]) == ("consumer", "range", 1)
    [member] = data["members"]
    assert member["memberId"] == data["leader"]
    assert (member["groupInstanceId"], member["clientId"]) == ("i", "me")
    assert (member["sessionTimeout"], member["rebalanceTimeout"]) == (30_000, 30_000)


def test_kafka_decodes_offsets_and_tombstones(ours):
    value = ours["1", "simple"]
    assert value["version"] == "4"
    assert value["data"]["offset"] == 7
    assert ours["1", "gone"] is None
    assert ours["2", "gone"] is None


def test_kafka_decodes_a_consumer_group(ours):
    kinds = {kind for kind, group in ours if group == "new"}
    assert kinds >= {"3", "5", "6", "7", "8"}
    assert ours["3", "new"]["data"]["epoch"] >= 1


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GroupState]:
    """The groups that an Apache Kafka left behind, as our replay makes them."""
    config = {"offsets.topic.num.partitions": str(PARTITIONS)}
    with kafka.running_kafka(tmp_path_factory.mktemp("theirs"), config=config) as broker:
        broker.tool("topics", "--create", "--topic", "t", "--partitions", "1")
        broker.tool("console-producer", "--topic", "t", stdin="a\nb\nc\n")
        for group, protocol in (("old", "classic"), ("new", "consumer")):
            broker.tool(
                "console-consumer", "--topic", "t", "--group", group, "--from-beginning",
                "--max-messages", "3", "--consumer-property", f"group.protocol={protocol}",
            )  # fmt: skip
        reset = ("--reset-offsets", "--to-offset", "1", "--topic", "t", "--execute")
        broker.tool("consumer-groups", "--group", "simple", *reset)
        broker.tool("consumer-groups", "--group", "gone", *reset)
        broker.tool("consumer-groups", "--delete", "--group", "gone")
        broker.stop()
        cluster = Cluster()
        for number in range(PARTITIONS):
            with Log(broker.log_dir / f"__consumer_offsets-{number}", readonly=True) as log:
                written = cluster.log.partitions.setdefault(0, [])
                written.extend((each.key or b"", each.value) for each in log)
        cluster.crash()
        yield cluster.shard.state


def test_we_replay_the_groups_of_kafkas_coordinator(theirs):
    kinds = {name: str(group.type) for name, group in theirs.groups.items()}
    assert kinds == {"old": "classic", "new": "consumer", "simple": "classic"}
    assert all(group.is_empty for group in theirs.groups.values())
    assert theirs.groups["old"].protocol_type == "consumer"
    assert theirs.groups["simple"].protocol_type is None


def test_we_replay_the_offsets_of_kafkas_coordinator(theirs):
    offsets = {group: theirs.offsets.get(group, "t", 0) for group in ("old", "new", "simple")}
    assert {group: each and each.offset for group, each in offsets.items()} == {
        "old": 3, "new": 3, "simple": 1,
    }  # fmt: skip
    assert theirs.offsets.get("gone", "t", 0) is None
