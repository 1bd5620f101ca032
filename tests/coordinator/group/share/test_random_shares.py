"""Members that come, go and fall silent at random, while topics and coordinators do the same.

Invariant: whatever happened, once it is quiet every member has its target, every partition of a
topic that somebody subscribes to has a member and a state, and nobody knows of what is gone.
"""

import random

import pytest

from logcore.common.errors import CoordinatorNotAvailableError
from tests.coordinator.group.share.sharing import ASSIGNMENT_MS, GROUP, SESSION_MS, ShareCluster

STEPS = 60
NAMES = ("foo", "bar", "baz")


class Client:
    """A member as Kafka's client plays it: it begins anew when it is told to."""

    def __init__(self, cluster: ShareCluster, member_id: str, topics: list[str]) -> None:
        self.cluster = cluster
        self.member_id = member_id
        self.topics = topics
        self.says_all = True
        self.epoch = 0
        self.assigned: dict[bytes, list[int]] = {}

    def beat(self) -> None:
        topics = self.topics if self.says_all or self.epoch == 0 else []
        response = self.cluster.beat(self.member_id, self.epoch, *topics)
        if response.error_code:
            self.epoch, self.says_all, self.assigned = 0, True, {}
            return
        self.epoch, self.says_all = response.member_epoch, False
        if response.assignment is not None:
            self.assigned = {
                each.topic_id: each.partitions for each in response.assignment.topic_partitions
            }

    def subscribe(self, topics: list[str]) -> None:
        self.topics, self.says_all = topics, True


class World:
    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.cluster = ShareCluster({"foo": 3})
        self.cluster.group_config["share.assignment.interval.ms"] = str(ASSIGNMENT_MS)
        self.clients: dict[str, Client] = {}
        self.count = 0

    def some_topics(self) -> list[str]:
        return self.chance.sample(NAMES, self.chance.randint(1, len(NAMES)))

    def step(self) -> None:
        kinds = (
            self.join, self.beat, self.beat, self.beat, self.beat, self.leave, self.vanish,
            self.subscribe, self.create, self.grow, self.delete, self.crash, self.fail, self.wait,
        )  # fmt: skip
        self.chance.choice(kinds)()

    def pick(self) -> Client | None:
        return self.chance.choice(list(self.clients.values())) if self.clients else None

    def join(self) -> None:
        self.count += 1
        client = Client(self.cluster, f"m{self.count}", self.some_topics())
        self.clients[client.member_id] = client
        client.beat()

    def beat(self) -> None:
        client = self.pick()
        if client is not None:
            client.beat()

    def leave(self) -> None:
        client = self.pick()
        if client is not None:
            self.cluster.leave(client.member_id)
            del self.clients[client.member_id]

    def vanish(self) -> None:
        client = self.pick()
        if client is not None:
            del self.clients[client.member_id]

    def subscribe(self) -> None:
        client = self.pick()
        if client is not None:
            client.subscribe(self.some_topics())

    def create(self) -> None:
        absent = [name for name in NAMES if name not in self.cluster.topics.topics_by_name]
        if absent:
            self.cluster.create(self.chance.choice(absent), self.chance.randint(1, 4))

    def grow(self) -> None:
        names = list(self.cluster.topics.topics_by_name)
        if names:
            name = self.chance.choice(names)
            count = len(self.cluster.topics.topics_by_name[name].partitions)
            self.cluster.grow(name, count + 1)

    def delete(self) -> None:
        names = list(self.cluster.topics.topics_by_name)
        if names:
            self.cluster.delete(self.chance.choice(names))

    def crash(self) -> None:
        self.cluster.crash()

    def fail(self) -> None:
        states = self.cluster.states
        states.fail_with = None if states.fail_with else CoordinatorNotAvailableError()
        states.failing = {self.chance.randint(0, 3)}

    def wait(self) -> None:
        self.cluster.scheduler.advance(self.chance.choice([100, ASSIGNMENT_MS, SESSION_MS // 3]))

    # ------------------------------------------------------------ quiet

    def settle(self) -> None:
        """Let time pass until who vanished is gone, and everybody has heard of everything."""
        self.cluster.states.fail_with = None
        for _ in range(20):
            self.cluster.scheduler.advance(SESSION_MS // 5)
            for client in self.clients.values():
                client.beat()

    def check(self) -> None:
        if GROUP not in self.cluster.shard.state.groups:
            assert not self.clients
            return
        group = self.cluster.group()
        assert group.members.keys() == self.clients.keys()
        covered: set[tuple[bytes, int]] = set()
        for client in self.clients.values():
            member = group.members[client.member_id]
            assert client.epoch == member.epoch == group.target_epoch == group.epoch
            told = {topic_id: frozenset(each) for topic_id, each in client.assigned.items()}
            assert told == member.assigned == group.targets[client.member_id]
            for topic_id, partitions in told.items():
                assert self.cluster.topics.topics_by_id[topic_id].name in client.topics
                covered.update((topic_id, partition) for partition in partitions)
        there = {(key.topic_id, key.partition) for key in self.cluster.states.bench.states}
        wanted = {name for client in self.clients.values() for name in client.topics}
        for name, topic in self.cluster.topics.topics_by_name.items():
            if name in wanted:
                places = {(topic.topic_id, each) for each in topic.partitions}
                assert places <= covered
                assert places <= there
        known = group.partitions
        assert known is None or not known.initializing
        assert {topic_id for topic_id, _ in there} <= self.cluster.topics.topics_by_id.keys()


@pytest.mark.parametrize("seed", range(40))
def test_quiet_comes_after_any_storm(seed: int):
    world = World(seed)
    for _ in range(STEPS):
        world.step()
    world.settle()
    world.check()
    world.cluster.crash()
    world.check()
