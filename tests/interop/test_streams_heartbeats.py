"""One story of a streams group, told to Apache Kafka and to us: every answer is the same.

Invariant: both brokers are asked the same over the wire, in the same order; nothing differs in the
answers but what has no order.
Neighbours: `tests/coordinator/group/streams` tests each rule by itself.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from logcore.protocol.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.delete_groups import DeleteGroupsRequest
from logcore.protocol.messages.describe_groups import DescribeGroupsRequest
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from logcore.protocol.messages.list_groups import ListGroupsRequest
from logcore.protocol.messages.metadata import MetadataRequest, MetadataRequestTopic
from logcore.protocol.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
)
from logcore.protocol.messages.offset_delete import (
    OffsetDeleteRequest,
    OffsetDeleteRequestPartition,
    OffsetDeleteRequestTopic,
)
from logcore.protocol.messages.offset_fetch import (
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopics,
)
from logcore.protocol.messages.streams_group_describe import StreamsGroupDescribeRequest
from logcore.protocol.messages.streams_group_heartbeat import (
    Endpoint,
    StreamsGroupHeartbeatRequest,
    TaskIds,
)
from tests.broker.handlers.grouping import join
from tests.broker.running import running_broker
from tests.broker.wire import Wire
from tests.coordinator.group.streams.streaming import part, task_ids, topology
from tests.peers import kafka

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

GROUP = "g"
SETTLE_S = 0.5
"""How long Apache Kafka's coordinator may take to hear of topics and settings."""

TOPOLOGY = topology(
    part("0", sources=["in"], sinks=["g-rep"]),
    part("1", repartitions=["g-rep"], changelogs=["g-log"]),
)
PLAIN = topology(part("0", sources=["in"]))
REFUSED: list[dict[str, Any]] = [
    {"member_id": ""},
    {"group_id": ""},
    {"rack_id": " "},
    {"instance_id": "i"},
    {"task_offsets": []},
    {"task_end_offsets": []},
    {"warmup_tasks": [TaskIds(subtopology_id="0", partitions=[0])]},
    {"rebalance_timeout_ms": -1},
    {"topology": None},
    {"active_tasks": [TaskIds(subtopology_id="0", partitions=[0])]},
    {"standby_tasks": None},
    {"member_epoch": 4},
    {"member_epoch": -2, "topology": None},
    {"member_epoch": -3, "topology": None},
    {"member_epoch": 4, "topology": None},
    {"member_epoch": -1, "topology": None},
    {"topology": topology(part("0", sources=["in"], changelogs=[("log", 3)]))},
    {"topology": topology(part("0", sources=["__consumer_offsets"]))},
    {"topology": topology(part("0", sources=["no such"]))},
    {"topology": topology(part("0", sources=["in"]), part("1", repartitions=["r"]))},
    {
        "topology": topology(
            part("0", sources=["in"]),
            part("1", repartitions=["x"], sinks=["y"]),
            part("2", repartitions=["y"], sinks=["x"]),
        )
    },
]


def told(tasks: Any) -> Any:
    if tasks is None:
        return None
    return sorted((each.subtopology_id, sorted(each.partitions)) for each in tasks)


def unordered(detail: str) -> list[str]:
    return sorted(detail.replace(",", "").split())


class Story:
    """Tells one broker the story, and keeps what it answers."""

    def __init__(self, port: int) -> None:
        self.wire = Wire(port, "me")
        self.answers: list[Any] = []

    def say(self, what: str, answer: Any) -> None:
        self.answers.append((what, answer))

    def configure(self, **settings: str) -> None:
        changes = [AlterableConfig(name=name, value=value) for name, value in settings.items()]
        resource = AlterConfigsResource(resource_type=32, resource_name=GROUP, configs=changes)
        response = self.wire.ask(IncrementalAlterConfigsRequest(resources=[resource]), 1)
        self.say("configure", response.responses[0].error_code)
        time.sleep(SETTLE_S)

    def create(self, name: str, partitions: int) -> None:
        topic = CreatableTopic(name=name, num_partitions=partitions, replication_factor=1)
        response = self.wire.ask(CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 5)
        self.say("create", response.topics[0].error_code)
        time.sleep(SETTLE_S)

    def wait_for(self, name: str) -> None:
        request = MetadataRequest(
            topics=[MetadataRequestTopic(name=name)], allow_auto_topic_creation=False
        )
        deadline = time.monotonic() + 20
        while (found := self.wire.ask(request, 12).topics[0]).error_code != 0:
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        self.say("partitions", len(found.partitions))
        time.sleep(SETTLE_S)

    def ask(self, **given: Any) -> Any:
        request = {"group_id": GROUP, "member_id": "a", **given}
        response = self.wire.ask(StreamsGroupHeartbeatRequest(**request), 0)
        statuses = response.status
        ends = response.partitions_by_user_endpoint
        self.say(
            str(request),
            {
                "error": (response.error_code, response.error_message),
                "member": (response.member_id, response.member_epoch),
                "interval": response.heartbeat_interval_ms,
                "lag": (response.acceptable_recovery_lag, response.task_offset_interval_ms),
                "status": statuses
                and sorted((each.status_code, unordered(each.status_detail)) for each in statuses),
                "endpoint epoch": response.endpoint_information_epoch,
                "active": told(response.active_tasks),
                "standby": told(response.standby_tasks),
                "warmup": told(response.warmup_tasks),
                "endpoints": ends
                and sorted(
                    (
                        each.user_endpoint.host,
                        sorted((one.topic, one.partitions) for one in each.active_partitions),
                        sorted((one.topic, one.partitions) for one in each.standby_partitions),
                    )
                    for each in ends
                ),
            },
        )
        return response

    def join(self, member_id: str, /, **given: Any) -> Any:
        full = {
            "member_id": member_id,
            "rebalance_timeout_ms": 60_000,
            "topology": TOPOLOGY,
            "active_tasks": [],
            "standby_tasks": [],
            "warmup_tasks": [],
            "process_id": f"process-{member_id}",
        }
        return self.ask(**(full | given))

    def beat(self, member_id: str, epoch: int, **active: Any) -> Any:
        standby = active.pop("standby", {})
        owned: dict[str, Any] = {}
        if "tasks" in active:
            owned = {
                "active_tasks": task_ids(active.pop("tasks")),
                "standby_tasks": task_ids(standby),
                "warmup_tasks": [],
            }
        return self.ask(member_id=member_id, member_epoch=epoch, **owned, **active)

    def commit(self, member_id: str, epoch: int, version: int = 9) -> None:
        for partition in (0, 3):
            offset = OffsetCommitRequestPartition(partition_index=partition, committed_offset=1)
            request = OffsetCommitRequest(
                group_id=GROUP,
                member_id=member_id,
                generation_id_or_member_epoch=epoch,
                topics=[OffsetCommitRequestTopic(name="in", partitions=[offset])],
            )
            response = self.wire.ask(request, version)
            self.say(repr(request), response.topics[0].partitions[0].error_code)

    def fetch(self, member_id: str | None, epoch: int) -> None:
        topics = [OffsetFetchRequestTopics(name="in", partition_indexes=[0, 1, 3])]
        group = OffsetFetchRequestGroup(
            group_id=GROUP, member_id=member_id, member_epoch=epoch, topics=topics
        )
        request = OffsetFetchRequest(groups=[group])
        self.say(repr(request), repr(self.wire.ask(request, 9).groups))

    def delete_offsets(self, name: str) -> None:
        topic = OffsetDeleteRequestTopic(
            name=name, partitions=[OffsetDeleteRequestPartition(partition_index=0)]
        )
        request = OffsetDeleteRequest(group_id=GROUP, topics=[topic])
        self.say(repr(request), repr(self.wire.ask(request, 0)))

    def describe(self) -> None:
        request = StreamsGroupDescribeRequest(
            group_ids=[GROUP, "none"], include_authorized_operations=True
        )
        groups = self.wire.ask(request, 0).groups
        for group in groups:
            group.members.sort(key=lambda each: each.member_id)
        self.say("describe", [repr(each) for each in groups])
        listed = self.wire.ask(ListGroupsRequest(), 5).groups
        self.say("list", [repr(each) for each in listed if each.group_id == GROUP])


def story(port: int) -> list[Any]:
    """Tell the whole story."""
    it = Story(port)
    it.wire.ask(FindCoordinatorRequest(coordinator_keys=[GROUP]), 6)
    it.create("in", 4)
    it.configure(**{
        "streams.initial.rebalance.delay.ms": "0",
        "streams.assignment.interval.ms": "0",
    })  # fmt: skip
    time.sleep(SETTLE_S)
    for given in REFUSED:
        it.join("a", **given)
    first_members(it)
    standbys(it)
    wrong_epochs(it)
    other_kinds(it)
    it.beat("b", 9, shutdown_application=True)
    it.beat("b", -1, shutdown_application=True)
    it.beat("a", 6)
    it.beat("a", -1)
    it.beat("a", 7)
    it.describe()
    it.commit("", -1)
    deleted = it.wire.ask(DeleteGroupsRequest(groups_names=[GROUP]), 2).results
    it.say("delete", [(each.group_id, each.error_code) for each in deleted])
    it.describe()
    missing_sources(it)
    delays(it)
    it.wire.close()
    return it.answers


def first_members(it: Story) -> None:
    """One joins, internal topics are created, another one joins and waits for the first."""
    it.join("a", user_endpoint=Endpoint(host="host-a", port=1))
    it.describe()
    for name in ("g-rep", "g-log"):
        it.wait_for(name)
    everything = {"0": [0, 1, 2, 3], "1": [0, 1, 2, 3]}
    it.beat("a", 2, tasks={})
    it.join("b")
    it.beat("b", 4, tasks={})
    it.describe()
    it.beat("a", 3, tasks=everything)
    it.beat("a", 3)
    it.beat("b", 4)
    it.beat("a", 3, tasks={"0": [0, 1], "1": [0, 1]})
    it.beat("b", 4, tasks={})
    it.beat("b", 4, tasks={"0": [2, 3], "1": [2, 3]})
    it.describe()


def standbys(it: Story) -> None:
    """Standbys come, and go again."""
    it.configure(**{"streams.num.standby.replicas": "1"})
    half = {"0": [0, 1], "1": [0, 1]}
    other = {"0": [2, 3], "1": [2, 3]}
    it.beat("a", 4, tasks=half)
    it.beat("b", 4, tasks=other)
    it.beat("a", 5, tasks=half, standby={"1": [2, 3]}, endpoint_information_epoch=3)
    it.describe()
    it.configure(**{"streams.num.standby.replicas": "0"})
    it.beat("a", 5, tasks=half, standby={"1": [2, 3]})
    it.beat("b", 5, tasks=other, standby={"1": [0, 1]})
    it.beat("a", 5, tasks=half)
    it.beat("b", 5, tasks=other)
    it.describe()


def wrong_epochs(it: Story) -> None:
    """Epochs and tasks that are none, topologies that are others."""
    it.beat("a", 7)
    it.beat("a", 4)
    it.beat("a", 5, tasks={"0": [0]})
    it.beat("a", 5, tasks={"0": [3]})
    it.beat("a", 6, tasks={"0": [4]})
    it.beat("a", 6, tasks={"x": [0]})
    it.beat("c", 6)
    it.join("c", topology=PLAIN)
    for epoch, version in ((6, 9), (6, 8), (5, 9), (2, 9), (7, 9)):
        it.commit("a", epoch, version)
    it.commit("", -1)
    it.commit("z", 6)
    for member_id, epoch in (("a", 6), ("a", 5), ("z", 6), (None, -1), ("", 6)):
        it.fetch(member_id, epoch)
    it.delete_offsets("in")
    it.delete_offsets("other")


def other_kinds(it: Story) -> None:
    """Other protocols ask for the group."""
    it.say("classic", join(it.wire, GROUP).error_code)
    request = ConsumerGroupHeartbeatRequest(
        group_id=GROUP,
        member_id="m",
        rebalance_timeout_ms=1_000,
        subscribed_topic_names=["in"],
        topic_partitions=[],
    )
    response = it.wire.ask(request, 1)
    it.say("consumer", (response.error_code, response.error_message))
    (group,) = it.wire.ask(DescribeGroupsRequest(groups=[GROUP]), 6).groups
    it.say("describe groups", repr(group))
    deleted = it.wire.ask(DeleteGroupsRequest(groups_names=[GROUP]), 2).results
    it.say("delete", [(each.group_id, each.error_code) for each in deleted])


def missing_sources(it: Story) -> None:
    """A group whose topics are missing, or do not fit each other."""
    lone = {"topology": topology(part("0", sources=["x", "y"], groups=[([0, 1], [])]))}
    it.join("a", **lone)
    it.create("x", 2)
    it.beat("a", 2, tasks={})
    it.create("y", 3)
    it.beat("a", 3, tasks={})
    it.describe()
    it.beat("a", -1)


def delays(it: Story) -> None:
    """A group waits for more members, and between two targets."""
    it.configure(**{
        "streams.initial.rebalance.delay.ms": "1000",
        "streams.assignment.interval.ms": "15000",
        "streams.num.standby.replicas": "3",
    })  # fmt: skip
    it.configure(**{
        "streams.initial.rebalance.delay.ms": "1000",
        "streams.assignment.interval.ms": "15000",
    })  # fmt: skip
    x = {"topology": topology(part("0", sources=["x"]))}
    it.join("a", **x)
    deleted = it.wire.ask(DeleteGroupsRequest(groups_names=[GROUP]), 2).results
    it.say("delete", [(each.group_id, each.error_code) for each in deleted])
    it.join("a", **x)
    it.join("b", **x)
    it.describe()
    time.sleep(1 + SETTLE_S)
    it.beat("a", 1, tasks={})
    it.beat("b", 1, tasks={})
    it.join("c", **x)
    it.beat("c", 3, tasks={})
    it.describe()


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    with kafka.running_kafka(tmp_path_factory.mktemp("theirs")) as broker:
        yield story(int(broker.bootstrap.rpartition(":")[2]))


def test_every_answer_is_the_same(theirs, tmp_path):
    with running_broker(tmp_path) as broker:
        ours = story(broker.port)
    for (what, mine), (asked, kafkas) in zip(ours, theirs, strict=True):
        assert what == asked
        assert mine == kafkas, what
