"""Members of streams groups, and topologies, for the tests of streams groups."""

from logcore.coordinator.group.context import Caller
from logcore.coordinator.group.streams.group import StreamsGroup
from logcore.coordinator.group.streams.tasks import Tasks
from logcore.coordinator.result import CoordinatorRecord
from logcore.protocol.messages.streams_group_heartbeat import (
    CopartitionGroup,
    Endpoint,
    KeyValue,
    StreamsGroupHeartbeatRequest,
    Subtopology,
    TaskIds,
    TopicInfo,
    Topology,
)
from tests.coordinator.group.actors import GROUP
from tests.coordinator.group.consumers import ConsumerCluster

SESSION_MS = 45_000
REBALANCE_MS = 60_000

CONFIG = {
    "streams.session.timeout.ms": str(SESSION_MS),
    "streams.heartbeat.interval.ms": "5000",
    "streams.assignment.interval.ms": "0",
    "streams.initial.rebalance.delay.ms": "0",
    "streams.num.standby.replicas": "0",
}


def part(name="0", *, sources=(), sinks=(), repartitions=(), changelogs=(), groups=()):
    """Return a subtopology; internal topics by name, or by name and partitions."""

    def infos(topics):
        pairs = [each if isinstance(each, tuple) else (each, 0) for each in topics]
        return [TopicInfo(name=topic, partitions=count) for topic, count in pairs]

    return Subtopology(
        subtopology_id=name,
        source_topics=list(sources),
        repartition_sink_topics=list(sinks),
        repartition_source_topics=infos(repartitions),
        state_changelog_topics=infos(changelogs),
        copartition_groups=[
            CopartitionGroup(source_topics=given, repartition_source_topics=ours)
            for given, ours in groups
        ],
    )


def topology(*parts, epoch=0):
    """Return a topology; one that reads the topic ``in`` if no parts are given."""
    return Topology(epoch=epoch, subtopologies=list(parts or [part(sources=["in"])]))


def stateful():
    """Return a topology that reads ``in`` and keeps state."""
    return topology(part(sources=["in"], changelogs=["log"]))


def task_ids(tasks):
    return [TaskIds(subtopology_id=name, partitions=list(each)) for name, each in tasks.items()]


def sets(tasks):
    """Return the tasks of a message by subtopology; None if there are none told."""
    return None if tasks is None else {each.subtopology_id: each.partitions for each in tasks}


def tasks(**active):
    """Return active tasks: ``tasks(a=[0, 1])``."""
    return Tasks({name: frozenset(each) for name, each in active.items()})


class StreamsCluster(ConsumerCluster):
    """A coordinator, and topics: ``StreamsCluster({"in": 4})``."""

    def __init__(self, topics=None, *, standbys=0, delay_ms=0, **settings):
        super().__init__({"in": 4} if topics is None else topics, **settings)
        self.group_config = {
            **self.group_config,
            **CONFIG,
            "streams.num.standby.replicas": str(standbys),
            "streams.initial.rebalance.delay.ms": str(delay_ms),
        }

    @property
    def streams_group(self) -> StreamsGroup:
        group = self.shard.state.groups[GROUP]
        assert isinstance(group, StreamsGroup)
        return group

    def member(self, member_id):
        """Return state, epoch, active, standby and revoked tasks of a member."""
        member = self.streams_group.members[member_id]
        return (
            member.state.name,
            member.epoch,
            {name: sorted(each) for name, each in member.assigned.active.items()},
            {name: sorted(each) for name, each in member.assigned.standby.items()},
            {name: sorted(each) for name, each in member.revoking.active.items()},
        )

    def answer(self, member_id, epoch, **given):
        """Send a heartbeat; return its response and the topics that are missing."""
        active, standby = given.pop("active", None), given.pop("standby", None)
        endpoint, tags = given.pop("endpoint", None), given.pop("tags", None)
        request = StreamsGroupHeartbeatRequest(
            group_id=given.pop("group_id", GROUP),
            member_id=member_id,
            member_epoch=epoch,
            rebalance_timeout_ms=given.pop("rebalance_ms", -1),
            active_tasks=None if active is None else task_ids(active),
            standby_tasks=None if active is None else task_ids(standby or {}),
            warmup_tasks=None if active is None else [],
            user_endpoint=None if endpoint is None else Endpoint(host=endpoint, port=9),
            client_tags=None
            if tags is None
            else [KeyValue(key=key, value=value) for key, value in tags.items()],
            shutdown_application=given.pop("shutdown", False),
            endpoint_information_epoch=given.pop("heard", 0),
            **given,
        )
        return self.service.streams.heartbeat(Caller(0, "client", "/127.0.0.1"), request).value()

    def send(self, request):
        """Send a heartbeat as it is; return its response."""
        return self.service.streams.heartbeat(Caller(0), request).value().response

    def tell(self, member_id, epoch, **given):
        """Send a heartbeat; return its response."""
        return self.answer(member_id, epoch, **given).response

    def enter(self, member_id, **given):
        """Join by a first heartbeat, which says everything."""
        return self.tell(member_id, 0, **joining(member_id, **given))

    def records(self, key: type) -> list[CoordinatorRecord]:
        """Return the records of one kind that are in the log."""
        found = [self.shard.decode(key, value) for key, value in self.log.partitions[0]]
        return [each for each in found if each is not None and isinstance(each.key, key)]


def joining(member_id, **given):
    """Return what a first heartbeat says."""
    given.setdefault("topology", topology())
    given.setdefault("process_id", f"process-{member_id}")
    given.setdefault("rebalance_ms", REBALANCE_MS)
    given.setdefault("active", {})
    return given


class StreamThread:
    """A member that does what it is told, or lags behind.

    Attributes:
        active: The tasks that it runs, those it is told to give up included until `revoke`.
    """

    def __init__(self, cluster, member_id, **given) -> None:
        self.cluster = cluster
        self.member_id = member_id
        self.given = given
        self.forget()

    def forget(self) -> None:
        self.epoch = 0
        self.active: set[tuple[str, int]] = set()
        self.wanted: set[tuple[str, int]] = set()
        self.standby: dict[str, list[int]] = {}

    def beat(self):
        """Send a heartbeat and begin what the answer says; return its error."""
        if self.epoch == 0:
            response = self.cluster.enter(self.member_id, **self.given)
        else:
            response = self.cluster.tell(
                self.member_id, self.epoch, active=by_name(self.active), standby=self.standby
            )
        if response.error_code == 0:
            self.epoch = response.member_epoch
            if response.active_tasks is not None:
                self.wanted = {
                    (each.subtopology_id, partition)
                    for each in response.active_tasks
                    for partition in each.partitions
                }
                self.active |= self.wanted
                self.standby = sets(response.standby_tasks)
        elif response.error_code in (25, 69, 110):
            self.forget()
        return response.error_code

    def revoke(self) -> None:
        """Stop running what it is to give up."""
        self.active = set(self.wanted)

    def leave(self):
        response = self.cluster.tell(self.member_id, -1)
        self.forget()
        return response.error_code


def by_name(tasks):
    found: dict[str, list[int]] = {}
    for name, partition in sorted(tasks):
        found.setdefault(name, []).append(partition)
    return found


def settle(*threads, rounds=6) -> None:
    """Let everybody beat and do what they are told, until nothing moves any more."""
    for _ in range(rounds):
        for thread in threads:
            assert thread.beat() == 0
            thread.revoke()
        threads[0].cluster.scheduler.run_soon()
