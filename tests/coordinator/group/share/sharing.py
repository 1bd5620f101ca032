"""A group coordinator and a share coordinator over logs in memory, and members of share groups."""

from types import SimpleNamespace

from logcore.common.clock import ManualScheduler
from logcore.common.deferred import Deferred
from logcore.common.errors import KafkaError, UnknownTopicOrPartitionError
from logcore.coordinator.group.context import Caller
from logcore.coordinator.group.service import GroupCoordinator
from logcore.coordinator.group.settings import GroupSettings
from logcore.coordinator.group.shard import GroupShard
from logcore.coordinator.group.share.group import ShareGroup
from logcore.coordinator.share.state import ShareKey, ShareState
from logcore.protocol.messages.share_group_heartbeat import (
    ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse,
)
from tests.coordinator.group.actors import Topics
from tests.coordinator.memory_log import MemoryLog
from tests.coordinator.share.bench import Bench

GROUP = "g"
SESSION_MS = 45_000
INTERVAL_MS = 5_000
ASSIGNMENT_MS = 1_000


class States:
    """The share coordinator of a bench, which fails or waits on request."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.bench.counts.clear()
        self.fail_with: KafkaError | None = None
        self.failing: set[int] | None = None
        """Which partitions fail; all if None."""
        self.ends: dict[tuple[str, int], int] = {}
        self.asked: list[tuple[str, ShareKey]] = []
        self.is_held = False
        self.held: list[Deferred[None]] = []

    def _refusal(self, key: ShareKey) -> KafkaError | None:
        is_failing = self.failing is None or key.partition in self.failing
        return self.fail_with if is_failing else None

    def initialise(self, key: ShareKey, state_epoch: int, start_offset: int) -> Deferred[None]:
        self.asked.append(("initialise", key))
        refusal = self._refusal(key)
        if refusal is not None:
            return Deferred.failed(refusal)
        done = self.bench.service.initialise_one(key, state_epoch, start_offset)
        if not self.is_held:
            return done
        waiting: Deferred[None] = Deferred()
        self.held.append(waiting)
        return waiting

    def delete(self, key: ShareKey) -> Deferred[None]:
        self.asked.append(("delete", key))
        refusal = self._refusal(key)
        if refusal is not None:
            return Deferred.failed(refusal)
        return self.bench.service.delete_one(key)

    def summary(self, key: ShareKey) -> Deferred[ShareState | None]:
        return self.bench.service.read_summary_one(key)

    def end_offset(self, topic: str, partition: int) -> int:
        if (topic, partition) not in self.ends:
            raise UnknownTopicOrPartitionError(f"{topic}-{partition}")
        return self.ends[topic, partition]


class ShareCluster:
    """Both coordinators, and topics: ``ShareCluster({"foo": 6})``."""

    def __init__(self, topics: dict[str, int] | None = None, **settings) -> None:
        self.scheduler = ManualScheduler()
        self.log = MemoryLog()
        self.states = States()
        self.topics = Topics()
        self.group_config = {
            "share.session.timeout.ms": str(SESSION_MS),
            "share.heartbeat.interval.ms": str(INTERVAL_MS),
            "share.assignment.interval.ms": "0",
            "consumer.session.timeout.ms": str(SESSION_MS),
            "consumer.heartbeat.interval.ms": str(INTERVAL_MS),
            "consumer.assignment.interval.ms": "0",
        }
        self.settings = GroupSettings(group_initial_rebalance_delay_ms=0, **settings)
        self.next_topic = 0
        for name, count in (topics or {}).items():
            self.create(name, count)
        self.start()

    def start(self) -> None:
        self.service = GroupCoordinator(
            log=self.log,
            scheduler=self.scheduler,
            settings=self.settings,
            topics=lambda: self.topics,
            group_config=lambda _: self.group_config,
            partition_count=lambda: 1,
            share_states=self.states,
        )
        self.service.on_elected(0)
        self.scheduler.run_soon()

    def crash(self) -> None:
        """Lose both coordinators; the logs stay."""
        self.service.close()
        self.states.bench.crash()
        self.start()

    # ------------------------------------------------------------ topics

    def put(self, name: str, topic_id: bytes, count: int) -> None:
        made = SimpleNamespace(name=name, topic_id=topic_id, partitions=range(count))
        self.topics = Topics(
            {**self.topics.topics_by_name, name: made}, {**self.topics.topics_by_id, topic_id: made}
        )
        self.states.bench.counts[topic_id] = count
        self.states.ends.update({(name, each): 0 for each in range(count)})

    def create(self, name: str, count: int) -> bytes:
        self.next_topic += 1
        topic_id = self.next_topic.to_bytes(16, "big")
        self.put(name, topic_id, count)
        return topic_id

    def grow(self, name: str, count: int) -> None:
        self.put(name, self.id(name), count)

    def delete(self, name: str, *, is_told: bool = True) -> None:
        topic_id = self.id(name)
        self.topics = Topics(
            {k: v for k, v in self.topics.topics_by_name.items() if k != name},
            {k: v for k, v in self.topics.topics_by_id.items() if k != topic_id},
        )
        del self.states.bench.counts[topic_id]
        if is_told:
            self.states.bench.service.on_topic_deleted(name, topic_id)
            self.service.on_topic_deleted(name, topic_id)

    def id(self, name: str) -> bytes:
        topic_id = self.topics.topics_by_name[name].topic_id
        assert isinstance(topic_id, bytes)
        return topic_id

    # ------------------------------------------------------------ groups

    @property
    def shard(self) -> GroupShard:
        return self.service.runtime.shard(0).machine

    def group(self, group_id: str = GROUP) -> ShareGroup:
        group = self.shard.state.groups[group_id]
        assert isinstance(group, ShareGroup)
        return group

    def beating(
        self,
        member_id: str,
        epoch: int,
        *topics: str,
        group_id: str = GROUP,
        rack_id: str | None = None,
        client_id: str = "client",
    ) -> Deferred[ShareGroupHeartbeatResponse]:
        request = ShareGroupHeartbeatRequest(
            group_id=group_id,
            member_id=member_id,
            member_epoch=epoch,
            rack_id=rack_id,
            subscribed_topic_names=list(topics) or None,
        )
        return self.service.share.heartbeat(Caller(1, client_id, "/127.0.0.1"), request)

    def beat(
        self, member_id: str, epoch: int, *topics: str, **given: str
    ) -> ShareGroupHeartbeatResponse:
        answer = self.beating(member_id, epoch, *topics, **given)
        if not answer.is_done:  # the first waits for others
            self.scheduler.advance(int(self.group_config["share.assignment.interval.ms"]))
        return answer.value()

    def join(self, member_id: str, *topics: str, **given: str) -> ShareGroupHeartbeatResponse:
        response = self.beat(member_id, 0, *topics, **given)
        assert response.error_code == 0, response
        return response

    def leave(self, member_id: str, group_id: str = GROUP) -> ShareGroupHeartbeatResponse:
        return self.beat(member_id, -1, group_id=group_id)

    def told(self, response: ShareGroupHeartbeatResponse) -> dict[str, list[int]] | None:
        """Return an answer's assignment by names; None if it has none."""
        if response.assignment is None:
            return None
        return {
            self.topics.topics_by_id[each.topic_id].name: each.partitions
            for each in response.assignment.topic_partitions
        }

    def initialized(self, group_id: str = GROUP) -> dict[str, list[int]]:
        known = self.group(group_id).partitions
        assert known is not None
        return {topic.name: sorted(topic.partitions) for topic in known.initialized.values()}

    def has_state(self, name: str, partition: int, group_id: str = GROUP) -> bool:
        return ShareKey(group_id, self.id(name), partition) in self.states.bench.states
