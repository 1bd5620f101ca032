"""Random members of consumer groups over random trouble: what must hold, holds after every step.

Members of both protocols join, beat, lag, revoke, change what they want, leave for good or for now,
fall silent; topics come, grow and go; appends fail; the broker crashes. The strongest invariants:
no partition is consumed by two members at once, and the log alone, compacted or not, makes the
state that is in memory. At any moment, when trouble ends, everything ends up assigned and balanced.
"""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from logcore.common.errors import NotEnoughReplicasError
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.target import subscription
from tests.coordinator.group.actors import GROUP
from tests.coordinator.group.consumers import SESSION_MS, Client, ConsumerCluster
from tests.coordinator.group.test_consumer_classic import FENCED, ID_REQUIRED, UNKNOWN, Classic
from tests.depth import examples

NAMES = ["foo", "fox", "bar"]
DURABLE = (
    "epoch",
    "metadata_hash",
    "target_epoch",
    "target_timestamp_ms",
    "targets",
    "members",
    "static_ids",
    "owners",
    "resolved",
    "regex_counts",
    "topic_counts",
    "assignor_counts",
    "classic_count",
    "classic_protocol_counts",
)

HARMLESS = {15, 14, 16}
"""Errors after which a client simply tries again."""


def durable(group):
    return {name: getattr(group, name) for name in DURABLE}


class RandomClassic(Classic):
    """A classic member that bears errors."""

    def go_on(self):
        heard = self.heartbeat() if self.generation >= 0 else UNKNOWN
        if heard in (UNKNOWN, FENCED):
            self.forget()  # what it consumed may be another's by now
        if heard != 0:
            answer = self.try_join()
            if answer != 0:
                return
        code = self.sync()
        if code == 25:
            self.forget()

    def try_join(self):
        if not self.member_id:
            self.member_id = f"classic-{id(self)}"
        response = self.join(version=3)
        code = response.error_code
        if code != 0:
            assert code in {25, 82, ID_REQUIRED, *HARMLESS}, code
            self.forget()
        return code

    def forget(self):
        self.member_id, self.generation, self.assigned = "", -1, {}

    @property
    def consumed(self):
        return self.assigned


class ConsumerMachine(RuleBasedStateMachine):
    @initialize(interval=st.sampled_from(["0", "1000"]))
    def start(self, interval):
        self.cluster = ConsumerCluster(
            {"foo": 3, "bar": 2}, group_consumer_migration_policy="upgrade"
        )
        self.cluster.group_config["consumer.assignment.interval.ms"] = interval
        self.clients: list[Client] = []
        self.classics: list[RandomClassic] = []
        self.counter = 0
        self.epoch = 0
        self.join(["foo", "bar"], None, None, None)
        self.join(["foo", "bar"], None, "i", None)

    # ------------------------------------------------------------ members

    @rule(
        topics=st.lists(st.sampled_from(NAMES), unique=True),
        regex=st.sampled_from([None, None, "fo.", "ba.*"]),
        instance=st.sampled_from([None, None, "i", "j"]),
        assignor=st.sampled_from([None, None, "range"]),
    )
    def join(self, topics, regex, instance, assignor):
        if len(self.clients) >= 5:
            return
        self.counter += 1
        given = {"regex": regex, "assignor": assignor}
        if instance is not None:
            given["instance_id"] = instance
        client = Client(self.cluster, f"m{self.counter}", *topics, **given)
        code = client.beat()
        if code == 0:
            self.clients = [
                each
                for each in self.clients
                if instance is None or each.given.get("instance_id") != instance
            ]
            self.clients.append(client)
        else:
            assert code in {111, *HARMLESS}, code

    @rule(data=st.data())
    def beat(self, data):
        for client in self.some(data, self.clients):
            code = client.beat()
            assert code in {0, 25, 69, 82, 110, 111, *HARMLESS}, code

    @rule(data=st.data())
    def beat_and_revoke(self, data):
        for client in self.some(data, self.clients):
            client.revoke()
            client.beat()

    @rule(data=st.data(), topics=st.lists(st.sampled_from(NAMES), unique=True))
    def subscribe(self, data, topics):
        for client in self.some(data, self.clients):
            if client.epoch > 0 and client.beat(topics=topics) == 0:
                client.topics = topics

    @rule(data=st.data(), regex=st.sampled_from(["", "fo.", "ba.*"]))
    def subscribe_by_expression(self, data, regex):
        for client in self.some(data, self.clients):
            if client.epoch > 0 and client.beat(regex=regex) == 0:
                client.given["regex"] = regex

    @rule(data=st.data())
    def leave(self, data):
        for client in self.some(data, self.clients):
            code = client.leave()
            assert code in {0, 25, 69, 82, *HARMLESS}, code
            self.clients.remove(client)

    @rule(data=st.data())
    def leave_for_now(self, data):
        for client in self.some(data, self.clients):
            instance = client.given.get("instance_id")
            if instance is None or client.epoch == 0:
                continue
            code = self.cluster.beat(client.member_id, -2, instance_id=instance).error_code
            assert code in {0, 25, 69, 82, *HARMLESS}, code
            self.clients.remove(client)

    @rule(topics=st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
    def join_classic(self, topics):
        group = self.cluster.shard.state.groups.get(GROUP)
        if len(self.classics) < 2 and isinstance(group, ConsumerGroup) and group.members:
            self.classics.append(RandomClassic(self.cluster, *topics))

    @rule(data=st.data())
    def go_on_classic(self, data):
        for client in self.some(data, self.classics):
            if self.cluster.consumer_group().members:
                client.go_on()

    @rule(data=st.data())
    def leave_classic(self, data):
        for client in self.some(data, self.classics):
            self.cluster.leave(client.member_id)
            self.classics.remove(client)

    def some(self, data, clients):
        if not clients:
            return []
        return [data.draw(st.sampled_from(clients))]

    # ------------------------------------------------------------ trouble

    @rule(name=st.sampled_from(NAMES), count=st.integers(1, 5))
    def change_topic(self, name, count):
        present = self.cluster.topics.topics_by_name.get(name)
        if present is None:
            self.cluster.create(name, count)
        elif count > len(present.partitions):
            self.cluster.grow(name, count)
        elif count == 1:
            self.cluster.delete(name)

    @rule(ms=st.sampled_from([1, 500, 1_000, 5_000, 10_001, SESSION_MS // 2]))
    def pass_time(self, ms):
        self.cluster.scheduler.advance(ms)

    @rule()
    def run_what_is_due(self):
        self.cluster.scheduler.run_soon()

    @rule(count=st.integers(1, 2))
    def fail_appends(self, count):
        self.cluster.log.fail_with, self.cluster.log.fail_count = NotEnoughReplicasError(), count

    @rule()
    def crash(self):
        self.cluster.crash()

    # ------------------------------------------------------------ what must hold

    @property
    def everybody(self) -> list[Any]:
        return [*self.clients, *self.classics]

    @property
    def group(self):
        group = self.cluster.shard.state.groups.get(GROUP)
        return group if isinstance(group, ConsumerGroup) else None

    @invariant()
    def nobody_consumes_what_another_does(self):
        group = self.group
        if group is None:
            return
        seen = set()
        for client in self.everybody:
            if client.member_id not in group.members:
                continue  # fenced, though it has not heard of that yet
            for topic_id, numbers in client.consumed.items():
                for number in numbers:
                    assert (topic_id, number) not in seen, (topic_id, number)
                    seen.add((topic_id, number))

    @invariant()
    def the_owners_are_those_of_the_members(self):
        group = self.group
        if group is None:
            return
        owned: dict[bytes, dict[int, int]] = {}
        for member in group.members.values():
            for partitions in (member.assigned, member.revoking):
                for topic_id, numbers in partitions.items():
                    for number in numbers:
                        assert number not in owned.setdefault(topic_id, {})
                        owned[topic_id][number] = member.epoch
        assert {topic_id: numbers for topic_id, numbers in owned.items() if numbers} == group.owners

    @invariant()
    def epochs_grow(self):
        group = self.group
        if group is not None:
            assert group.epoch >= self.epoch
            assert group.target_epoch <= group.epoch
            assert all(member.epoch <= group.target_epoch for member in group.members.values())
            self.epoch = group.epoch

    @invariant()
    def the_log_makes_the_state(self):
        group = self.group
        for records in self.logs():
            replica = ConsumerCluster()
            replica.log.partitions[0] = records
            replica.crash()
            found = replica.shard.state.groups.get(GROUP)
            if group is None:
                assert not isinstance(found, ConsumerGroup)
            else:
                assert isinstance(found, ConsumerGroup)
                assert durable(found) == durable(group)

    def logs(self):
        """Yield the log as it is, compacted, and compacted with its tombstones gone."""
        yield list(self.cluster.log.partitions.get(0, []))
        compacted = [(key, value) for _, key, value in self.cluster.log.compact(0)]
        yield compacted
        yield [(key, value) for key, value in compacted if value is not None]

    def teardown(self):
        """Let trouble end: everything is assigned to those who want it, also when topics grow."""
        if not hasattr(self, "cluster"):
            return
        self.cluster.log.fail_with = None
        self.settle(20)  # longer than a session, so that who is not there any more is out
        self.check_all_is_assigned()
        for name, topic in list(self.cluster.topics.topics_by_name.items()):
            self.cluster.grow(name, len(topic.partitions) + 1)
        self.settle(8)
        self.check_all_is_assigned()

    def settle(self, rounds):
        for _ in range(rounds):
            for client in self.clients:
                client.revoke()
                client.beat()
            for classic in self.classics:
                if self.group is not None and self.group.members:
                    classic.go_on()
            self.cluster.scheduler.advance(3_000)

    def check_all_is_assigned(self):
        group = self.group
        if group is None or not group.members:
            return
        assert group.state_name == "Stable"
        self.nobody_consumes_what_another_does()
        wanted = {
            (self.cluster.id(name), number)
            for member in group.members.values()
            for name in subscription(member, group.resolved)
            if name in self.cluster.topics.topics_by_name
            for number in self.cluster.topics.topics_by_name[name].partitions
        }
        got = {
            (topic_id, number)
            for client in self.everybody
            if client.member_id in group.members
            for topic_id, numbers in client.consumed.items()
            for number in numbers
        }
        assert got == wanted
        subscriptions = {subscription(each, group.resolved) for each in group.members.values()}
        described = self.cluster.service.describe_consumer_group(GROUP)
        if len(subscriptions) == 1 and described.assignor_name == "uniform":
            sizes = [sum(map(len, each.assigned.values())) for each in group.members.values()]
            assert max(sizes) - min(sizes) <= 1


ConsumerMachine.TestCase.settings = settings(
    max_examples=examples(60),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestRandomConsumers = ConsumerMachine.TestCase
