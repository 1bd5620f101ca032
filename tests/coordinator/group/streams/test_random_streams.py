"""Random members of streams groups over random trouble: what must hold, holds after every step.

Threads of several processes join, beat, lag, give tasks up, leave, fall silent; topics come, grow
and go; standbys are wanted or not; appends fail; the broker crashes. The strongest invariants: no
task is run by two members at once, no process has a task twice, and the log alone makes the state
that is in memory. When trouble ends, everything ends up assigned.
"""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from logcore.common.errors import NotEnoughReplicasError
from logcore.coordinator.group.streams.group import StreamsGroup
from logcore.coordinator.group.streams.holdings import active_of, copies_of
from tests.coordinator.group.actors import GROUP
from tests.coordinator.group.streams.streaming import (
    SESSION_MS,
    StreamsCluster,
    StreamThread,
    part,
    topology,
)
from tests.depth import examples

MEMBERS = ["a1", "a2", "b1", "b2", "c1"]
TOPOLOGY = topology(
    part("0", sources=["in"], sinks=["rep"]),
    part("1", repartitions=["rep"], changelogs=["log"]),
)
DURABLE = (
    "epoch",
    "metadata_hash",
    "validated_topology_epoch",
    "configs",
    "target_epoch",
    "target_timestamp_ms",
    "targets",
    "members",
)

BEARABLE = {0, 14, 15, 16, 25, 42, 69, 110}


class Streams(RuleBasedStateMachine):
    """A group, its threads, and trouble."""

    @initialize()
    def begin(self):
        self.cluster = StreamsCluster({"in": 2})
        self.threads = {
            each: StreamThread(
                self.cluster, each, topology=TOPOLOGY, process_id=each[0], endpoint=each
            )
            for each in MEMBERS
        }

    @rule(member=st.sampled_from(MEMBERS))
    def beats(self, member):
        thread = self.threads[member]
        code = thread.beat()
        assert code in BEARABLE, code
        if code == 42:  # a topic that shrank in between: it tells of tasks that are none
            thread.forget()

    @rule(member=st.sampled_from(MEMBERS))
    def revokes(self, member):
        self.threads[member].revoke()

    @rule(member=st.sampled_from(MEMBERS))
    def leaves(self, member):
        self.threads[member].leave()

    @rule(member=st.sampled_from(MEMBERS))
    def restarts(self, member):
        self.threads[member].forget()

    @rule()
    def internal_topics_come(self):
        topics = self.cluster.topics.topics_by_name
        if "in" in topics:
            for name in ("rep", "log"):
                if name in topics:
                    self.cluster.delete(name)
                self.cluster.create(name, len(topics["in"].partitions))

    @rule(count=st.integers(1, 4))
    def the_source_grows(self, count):
        topics = self.cluster.topics.topics_by_name
        if "in" in topics:
            self.cluster.grow("in", max(count, len(topics["in"].partitions)))

    @rule(name=st.sampled_from(["rep", "log"]))
    def an_internal_topic_goes(self, name):
        if name in self.cluster.topics.topics_by_name:
            self.cluster.delete(name)

    @rule(count=st.integers(0, 2))
    def standbys_are_wanted(self, count):
        self.cluster.group_config["streams.num.standby.replicas"] = count

    @rule(member=st.sampled_from(MEMBERS))
    def an_append_fails(self, member):
        self.cluster.log.fail_with = NotEnoughReplicasError()
        assert self.threads[member].beat() in BEARABLE
        self.cluster.log.fail_with = None

    @rule(share=st.sampled_from([0.2, 0.6, 1.0]))
    def time_passes(self, share):
        self.cluster.scheduler.advance(int(SESSION_MS * share))

    @rule()
    def the_broker_crashes(self):
        before = self.durable()
        self.cluster.crash()
        assert self.durable() == before

    def durable(self) -> dict[str, Any] | None:
        group = self.cluster.shard.state.groups.get(GROUP)
        if not isinstance(group, StreamsGroup):
            return None
        return {name: getattr(group, name) for name in DURABLE}

    @invariant()
    def no_task_is_run_twice(self):
        runs: dict[Any, str] = {}
        group = self.cluster.shard.state.groups.get(GROUP)
        present = group.members if isinstance(group, StreamsGroup) else {}
        for member_id, thread in self.threads.items():
            if member_id not in present or thread.epoch == 0:
                continue  # it is gone for the coordinator, and finds out with its next heartbeat
            for task in thread.active:
                assert task not in runs, (task, member_id, runs)
                runs[task] = member_id

    @invariant()
    def the_group_agrees_with_itself(self):
        group = self.cluster.shard.state.groups.get(GROUP)
        if not isinstance(group, StreamsGroup):
            return
        active = [task for each in group.members.values() for task in active_of(each)]
        assert len(active) == len(set(active))
        by_process: dict[str, list[Any]] = {}
        for each in group.members.values():
            tasks = by_process.setdefault(each.process_id, [])
            tasks += [*active_of(each), *copies_of(each)]
            for task in active_of(each):
                assert group.holdings.active_process(*task) == each.process_id
        for tasks in by_process.values():
            assert len(tasks) == len(set(tasks))

    def teardown(self):
        """When trouble ends, everything is assigned and stands still."""
        if not hasattr(self, "cluster"):
            return
        self.internal_topics_come()
        self.cluster.scheduler.advance(2 * SESSION_MS)
        threads = [self.threads[each] for each in MEMBERS[:3]]
        for thread in threads:
            thread.forget()
        for _ in range(12):
            for thread in threads:
                if thread.beat() == 42:
                    thread.forget()
                thread.revoke()
        group = self.cluster.streams_group
        assert group.state_name == "Stable"
        count = len(self.cluster.topics.topics_by_name["in"].partitions)
        active = sorted(task for thread in threads for task in thread.active)
        assert active == sorted((name, each) for name in "01" for each in range(count))


TestStreams = Streams.TestCase
TestStreams.settings = settings(
    max_examples=examples(60),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
