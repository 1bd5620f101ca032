"""Kafka Streams with ``group.protocol=streams``, through instances that come and go and a crash.

Invariant: what an application counts here is what it counts with the classic protocol and on Apache
Kafka; Kafka's tools see and change its group, and decode each record of ours.
"""

import json
import re
from typing import Any

import pytest

from logcore.coordinator.group.streams.group import StreamsGroup
from logcore.log import Log
from tests.coordinator.group.streams.streaming import StreamsCluster
from tests.interop.broker import running_broker
from tests.interop.streams_application import (
    Application,
    counted,
    expected,
    run,
    wait_for_tasks,
)
from tests.peers import kafka
from tests.peers.kafka.broker import free_port
from tests.peers.kafka.programs import run_tool

pytestmark = [
    pytest.mark.long,
    pytest.mark.peer,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("kafka_tools"),
]

PARTITIONS = 3
SETTINGS = {
    "offsets.topic.num.partitions": str(PARTITIONS),
    # Rebalances go step by step with heartbeats: more of them, and the test is over sooner.
    "group.streams.min.heartbeat.interval.ms": "500",
    "group.streams.heartbeat.interval.ms": "500",
}


def groups(bootstrap: str, *arguments: str) -> str:
    return run_tool("streams-groups", "--bootstrap-server", bootstrap, *arguments)


def standbys(bootstrap: str, group: str, count: int) -> None:
    run_tool(
        "configs", "--bootstrap-server", bootstrap, "--entity-type", "groups",
        "--entity-name", group, "--alter",
        "--add-config", f"streams.num.standby.replicas={count}",
    )  # fmt: skip


@pytest.mark.parametrize("guarantee", ["exactly_once_v2", "at_least_once"])
def test_instances_come_and_go_and_the_broker_crashes(tmp_path, guarantee):
    port = free_port()
    name, is_exact = "count", guarantee == "exactly_once_v2"
    with running_broker(tmp_path, port, SETTINGS) as broker:
        bootstrap = broker.bootstrap
        application = Application(bootstrap, name, "streams", guarantee, tmp_path)
        run(bootstrap, name, "create")
        standbys(bootstrap, name, 1)
        with application.instance(1) as first:
            application.produce(0, 500)
            application.wait_for_count(500)
            wait_for_tasks(first)
            with application.instance(2) as second:
                wait_for_tasks(first, second, standbys=4)
                application.produce(500, 1_000)
                if is_exact:
                    check_running(bootstrap, name)
                broker.kill()
                with running_broker(tmp_path, port, SETTINGS) as again:
                    application.produce(1_000, 1_500)
                    application.wait_for_count(1_500)
                    second.close()
                    application.produce(1_500, 2_000)
                    application.wait_for_count(2_000)
                    wait_for_tasks(first)
                    counts = counted(bootstrap, name)
                    first.close()
                    if is_exact:
                        check_stopped(bootstrap, name)
                    assert again.stop() == 0, again.tail()
    if is_exact:
        assert counts == expected(2_000)
        check_records(tmp_path / "data", name)
    else:
        assert all(counts[word] >= count for word, count in expected(2_000).items())


def check_running(bootstrap: str, group: str) -> None:
    """What Kafka's tool says of a group that runs."""
    assert re.search(rf"^{group} +Stable", groups(bootstrap, "--list", "--state"), re.MULTILINE)
    state = groups(bootstrap, "--describe", "--group", group, "--state", "--verbose")
    assert re.search(rf"^{group} .* Stable +\d+ +\d+ +4", state, re.MULTILINE)
    members = groups(bootstrap, "--describe", "--group", group, "--members", "--verbose")
    assert len(re.findall(rf"^{group} .* ACTIVE: .* STANDBY: ", members, re.MULTILINE)) == 4
    offsets = groups(bootstrap, "--describe", "--group", group, "--offsets")
    assert len(re.findall(rf"^{group} +{group}-in ", offsets, re.MULTILINE)) == 4
    assert f"Streams group '{group}' is not EMPTY" in groups(
        bootstrap, "--delete", "--group", group
    )


def check_stopped(bootstrap: str, group: str) -> None:
    """What Kafka's tool does to a group that nobody is in."""
    listed = groups(bootstrap, "--list", "--state", "Empty")
    assert re.search(rf"^{group} +Empty", listed, re.MULTILINE)
    reset = groups(
        bootstrap, "--reset-offsets", "--group", group, "--input-topic", f"{group}-in",
        "--to-offset", "3", "--execute",
    )  # fmt: skip
    assert len(re.findall(rf"{group}-in +\d +3", reset)) == 4
    deleted = groups(
        bootstrap, "--delete-offsets", "--group", group, "--input-topic", f"{group}-in"
    )
    assert deleted.count("Successful") == 4
    assert "was successful" in groups(bootstrap, "--delete", "--group", group)
    assert group not in groups(bootstrap, "--list")


def check_records(directory, group: str) -> None:
    """Kafka's dump tool decodes each record of the group."""
    logs = [path for path in directory.glob("__consumer_offsets-*/*.log") if path.stat().st_size]
    report = kafka.dump_log(*logs, options=("--deep-iteration", "--offsets-decoder"))
    assert "could not be" not in report
    last: dict[str, list[Any]] = {}
    for key, value in re.findall(r"key: (\{.*?\}\}) payload: (.*)$", report, flags=re.MULTILINE):
        decoded = json.loads(key)
        if decoded["data"].get("groupId") == group:
            last.setdefault(decoded["type"], []).append(
                json.loads(value)["data"] if value.startswith("{") else None
            )
    assert last.keys() == {"17", "19", "20", "21", "22", "23"}
    assert [values[-1] for values in last.values()] == [None] * 6
    (topology, _) = last["23"]
    assert {each["subtopologyId"] for each in topology["subtopologies"]} == {"0", "1"}
    assert last["17"][0]["lastAssignmentConfigs"] == [{"key": "num.standby.replicas", "value": "1"}]
    assert any(each and each["standbyTasks"] for each in last["22"])


def test_it_counts_as_by_the_classic_protocol_and_as_apache_kafka(tmp_path):
    with running_broker(tmp_path, settings=SETTINGS) as broker:
        ours = [count(broker.bootstrap, protocol, tmp_path) for protocol in ("streams", "classic")]
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    with kafka.running_kafka(theirs, config=SETTINGS) as broker:
        wanted = count(broker.bootstrap, "streams", theirs)
        broker.stop()
        check_replay(broker.log_dir)
    assert ours == [wanted, wanted]
    assert wanted == expected(300)


def count(bootstrap: str, protocol: str, directory) -> dict[str, int]:
    """Count 300 lines by one instance, and return what it counted."""
    name = f"words-{protocol}"
    application = Application(bootstrap, name, protocol, "exactly_once_v2", directory)
    run(bootstrap, name, "create")
    application.produce(0, 300)
    with application.instance(1) as instance:
        application.wait_for_count(300)
        instance.close()
    return counted(bootstrap, name)


def check_replay(log_dir) -> None:
    """What Kafka's coordinator wrote makes the group here, with its offsets."""
    cluster = StreamsCluster()
    for number in range(PARTITIONS):
        path = log_dir / f"__consumer_offsets-{number}"
        if path.exists():
            with Log(path, readonly=True) as log:
                written = cluster.log.partitions.setdefault(0, [])
                written.extend((each.key or b"", each.value) for each in log)
    cluster.crash()
    group = cluster.shard.state.groups["words-streams"]
    assert isinstance(group, StreamsGroup)
    assert (group.state_name, group.validated_topology_epoch) == ("Empty", 0)
    assert group.topology is not None
    assert "words-streams-counts-changelog" in group.topology.required_topics
