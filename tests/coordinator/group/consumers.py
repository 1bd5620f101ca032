"""Members of the new protocol, and a cluster with topics, for the tests of consumer groups."""

from types import SimpleNamespace

from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.context import Caller
from logcore.protocol.messages.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
    TopicPartitions,
)
from tests.coordinator.group.actors import GROUP, Cluster

SESSION_MS = 45_000
INTERVAL_MS = 5_000

GROUP_CONFIG = {
    "consumer.session.timeout.ms": str(SESSION_MS),
    "consumer.heartbeat.interval.ms": str(INTERVAL_MS),
    "consumer.assignment.interval.ms": "0",
}


class ConsumerCluster(Cluster):
    """A coordinator, and topics: ``ConsumerCluster({"foo": 6})``."""

    def __init__(self, topics=None, **settings) -> None:
        super().__init__(**settings)
        self.group_config = dict(GROUP_CONFIG)
        self.next_topic = 0
        for name, count in (topics or {}).items():
            self.create(name, count)

    # ------------------------------------------------------------ topics

    def _put(self, name, topic_id, count) -> None:
        made = SimpleNamespace(name=name, topic_id=topic_id, partitions=range(count))
        self.topics = type(self.topics)(
            {**self.topics.topics_by_name, name: made}, {**self.topics.topics_by_id, topic_id: made}
        )

    def create(self, name, count) -> bytes:
        self.next_topic += 1
        topic_id = self.next_topic.to_bytes(16, "big")
        self._put(name, topic_id, count)
        return topic_id

    def grow(self, name, count) -> None:
        self._put(name, self.id(name), count)

    def delete(self, name) -> None:
        topic_id = self.id(name)
        self.topics = type(self.topics)(
            {k: v for k, v in self.topics.topics_by_name.items() if k != name},
            {k: v for k, v in self.topics.topics_by_id.items() if k != topic_id},
        )

    def id(self, name):
        return self.topics.topics_by_name[name].topic_id

    def known(self, topic):
        """Return the id of a topic given by its name, or by its id already."""
        return topic if isinstance(topic, bytes) else self.id(topic)

    def named(self, partitions):
        """Return partitions by the topic's name; those of topics that are gone by its id."""
        by_id = self.topics.topics_by_id
        return {
            by_id[topic_id].name if topic_id in by_id else topic_id: sorted(numbers)
            for topic_id, numbers in partitions.items()
        }

    # ------------------------------------------------------------ groups

    def consumer_group(self, group_id=GROUP) -> ConsumerGroup:
        group = self.shard.state.groups[group_id]
        assert isinstance(group, ConsumerGroup)
        return group

    def state_of(self, member_id, group_id=GROUP):
        """Return state, epoch, what is assigned and what is revoked of a member."""
        member = self.consumer_group(group_id).members[member_id]
        assigned, revoking = self.named(member.assigned), self.named(member.revoking)
        return (member.state.name, member.epoch, assigned, revoking)

    def beat(
        self, member_id, epoch, *, owned=None, version=1, **given
    ) -> ConsumerGroupHeartbeatResponse:
        """Send a heartbeat; `owned` by names or ids of topics."""
        may_describe = given.pop("may_describe", lambda _: True)
        caller = Caller(version, given.pop("client_id", "client"), given.pop("host", "/127.0.0.1"))
        request = ConsumerGroupHeartbeatRequest(
            group_id=given.pop("group_id", GROUP),
            member_id=member_id,
            member_epoch=epoch,
            instance_id=given.pop("instance_id", None),
            rack_id=given.pop("rack_id", None),
            rebalance_timeout_ms=given.pop("rebalance_ms", -1),
            subscribed_topic_names=given.pop("topics", None),
            subscribed_topic_regex=given.pop("regex", None),
            server_assignor=given.pop("assignor", None),
            topic_partitions=None
            if owned is None
            else [
                TopicPartitions(topic_id=self.known(topic), partitions=list(partitions))
                for topic, partitions in owned.items()
            ],
        )
        assert not given, given
        return self.service.consumer_heartbeat(caller, request, may_describe).value()

    def join_consumer(self, member_id, *topics, **given) -> ConsumerGroupHeartbeatResponse:
        """Join by a first heartbeat, which says everything."""
        given.setdefault("topics", list(topics))
        given.setdefault("owned", {})
        given.setdefault("rebalance_ms", 60_000)
        return self.beat(member_id, 0, **given)


def told(cluster, response):
    """Return what a response assigns, by topic names; None if it says nothing of that."""
    if response.assignment is None:
        return None
    return cluster.named(
        {each.topic_id: each.partitions for each in response.assignment.topic_partitions}
    )


class Client:
    """A member that does what it is told, or lags behind.

    Attributes:
        assigned: What it is to consume, by topic id.
        lost: What it was told to give up and still consumes, by topic id.
    """

    def __init__(self, cluster, member_id, *topics, **given) -> None:
        self.cluster = cluster
        self.member_id = member_id
        self.topics = list(topics)
        self.given = given
        self.forget()

    def forget(self) -> None:
        self.epoch = 0
        self.assigned: dict[bytes, list[int]] = {}
        self.lost: dict[bytes, list[int]] = {}

    @property
    def owned(self):
        """What it is to consume, by topic name."""
        return self.cluster.named(self.assigned)

    @property
    def consumed(self) -> dict[bytes, list[int]]:
        """What it consumes, that which it is to give up included."""
        return {
            topic_id: sorted({*self.assigned.get(topic_id, []), *self.lost.get(topic_id, [])})
            for topic_id in self.assigned.keys() | self.lost.keys()
        }

    def beat(self, **given):
        """Send a heartbeat and do what the answer says; return its error."""
        if self.epoch == 0:
            response = self.cluster.join_consumer(
                self.member_id, *self.topics, **{**self.given, **given}
            )
        else:
            instance_id = self.given.get("instance_id")
            response = self.cluster.beat(
                self.member_id, self.epoch, instance_id=instance_id, owned=self.consumed, **given
            )
        return self.hear(response)

    def hear(self, response):
        if response.error_code == 0:
            self.epoch = response.member_epoch
            if response.assignment is not None:
                told_now = {
                    each.topic_id: each.partitions for each in response.assignment.topic_partitions
                }
                self.lost = {
                    topic_id: [each for each in numbers if each not in told_now.get(topic_id, [])]
                    for topic_id, numbers in self.consumed.items()
                }
                self.assigned = told_now
        elif response.error_code in (25, 69, 82, 110):
            self.forget()
        return response.error_code

    def revoke(self) -> None:
        """Stop consuming what it is to give up."""
        self.lost = {}

    def leave(self):
        response = self.cluster.beat(self.member_id, -1, instance_id=self.given.get("instance_id"))
        self.forget()
        return response.error_code


def settle(*clients, rounds=6) -> None:
    """Let everybody beat and do what they are told, until nothing moves any more."""
    for _ in range(rounds):
        for client in clients:
            assert client.beat() == 0
            client.revoke()
        clients[0].cluster.scheduler.run_soon()
