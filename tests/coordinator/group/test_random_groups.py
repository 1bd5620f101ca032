"""Random members over random trouble: whatever happens, what must hold of a group holds.

Members join, sync, commit, beat, fall silent and leave; appends fail or wait; the broker crashes,
also between an append and what should have followed it. After each step the invariants are checked,
the strongest of them that the log alone makes the durable state that is in memory.
"""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from logcore.common.errors import NotEnoughReplicasError
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.classic_state import ClassicState
from logcore.protocol.messages.leave_group import MemberIdentity
from tests.coordinator.group.actors import GROUP, Cluster
from tests.depth import examples

INSTANCES = ["i1", "i2"]
PROTOCOLS = st.sampled_from(
    [
        {"range": b"a"},
        {"range": b"b"},
        {"range": b"a", "sticky": b"s"},
        {"sticky": b"s", "range": b"a"},
    ]
)

RETRIABLE = {-1, 14, 15, 16}


class Client:
    """A member as its client sees it: one request at a time, and what it was told last."""

    def __init__(self, instance_id=None):
        self.instance_id = instance_id
        self.member_id = ""
        self.generation = -1
        self.leads = False
        self.others = []
        self.protocols = {"range": b"a"}
        self.waiting = None
        self.heard = lambda _: None

    def expect(self, answer, heard):
        self.waiting, self.heard = answer, heard
        self.look()

    def look(self):
        if self.waiting is not None and self.waiting.is_done:
            answer, self.waiting = self.waiting, None
            self.heard(answer.value())

    def forget(self):
        self.member_id, self.generation, self.leads = "", -1, False

    def joined(self, response):
        code = response.error_code
        if code == 0:
            self.member_id = response.member_id
            self.generation = response.generation_id
            self.leads = bool(response.members) and not response.skip_assignment
            self.others = [each.member_id for each in response.members]
        elif code == 79:
            self.member_id = response.member_id
        elif code in (25, 82):
            self.forget()
        else:
            assert code in {27, *RETRIABLE}, code

    def synced(self, response):
        code = response.error_code
        if code in (25, 82):
            self.forget()
        else:
            assert code in {0, 22, 27, *RETRIABLE}, code


class Groups(RuleBasedStateMachine):
    @initialize(delay_ms=st.sampled_from([0, 3_000]), size=st.sampled_from([3, 100]))
    def begin(self, delay_ms, size):
        self.cluster = Cluster(group_initial_rebalance_delay_ms=delay_ms, group_max_size=size)
        self.size = size
        self.clients = [Client(), Client(), Client(), *map(Client, INSTANCES)]
        self.last = None

    def client(self, index):
        client = self.clients[index]
        client.look()
        return client

    @rule(index=st.integers(0, 4), protocols=PROTOCOLS)
    def join(self, index, protocols):
        client = self.client(index)
        answer = self.cluster.join(
            client.member_id,
            instance_id=client.instance_id,
            protocols=protocols,
            rebalance_ms=20_000,
        )
        before = client.member_id

        def heard(response):
            if response.error_code in (23, 81):  # speaks what others do not; no room
                if response.error_code == 81 or before:
                    client.forget()
                return
            client.joined(response)

        client.expect(answer, heard)

    @rule(index=st.integers(0, 4))
    def sync(self, index):
        client = self.client(index)
        if client.generation < 0:
            return
        assignment = {each: each.encode() for each in client.others} if client.leads else {}
        answer = self.cluster.sync(
            client.member_id, client.generation, assignment, instance_id=client.instance_id
        )
        client.expect(answer, client.synced)

    @rule(index=st.integers(0, 4))
    def beat(self, index):
        client = self.client(index)
        if client.generation >= 0 and not self.cluster.log.held:
            code = self.cluster.heartbeat(client.member_id, client.generation, client.instance_id)
            assert code in {0, 22, 25, 27, 82}, code
            if code in (25, 82):
                client.forget()

    @rule(indexes=st.sets(st.integers(0, 4), min_size=1))
    def settle(self, indexes):
        """Let some of them do what clients do when nothing goes wrong, until all have synced."""
        for _ in range(2):
            for index in indexes:
                if self.client(index).waiting is None:
                    self.join(index, {"range": b"a"})
            self.cluster.scheduler.advance(6_000)
        for leads in (False, True):
            for index in indexes:
                if self.client(index).leads is leads and self.clients[index].waiting is None:
                    self.sync(index)

    @rule(index=st.integers(0, 4), offset=st.integers(0, 99))
    def commit(self, index, offset):
        client = self.client(index)
        self.cluster.commit(
            offset,
            member_id=client.member_id,
            generation=client.generation,
            instance_id=client.instance_id,
        )

    @rule(index=st.integers(0, 4), by_instance=st.booleans())
    def leave(self, index, by_instance):
        client = self.client(index)
        if self.cluster.log.is_held or not (client.member_id or client.instance_id):
            return  # whoever leaves last is answered once that is written
        member_id = "" if by_instance and client.instance_id else client.member_id
        self.cluster.leave(
            MemberIdentity(member_id=member_id, group_instance_id=client.instance_id)
        )
        client.forget()

    @rule(delay_ms=st.sampled_from([1, 1_000, 3_000, 9_999, 20_000, 60_000]))
    def wait(self, delay_ms):
        self.cluster.scheduler.advance(delay_ms)

    @rule(count=st.integers(1, 2))
    def fail_appends(self, count):
        self.cluster.log.fail_with = NotEnoughReplicasError()
        self.cluster.log.fail_count = count

    @rule()
    def hold_appends(self):
        self.cluster.log.is_held = True

    @precondition(lambda self: self.cluster.log.is_held)
    @rule(refused=st.booleans())
    def release_append(self, refused):
        log = self.cluster.log
        log.is_held = False
        while log.held:
            log.release(NotEnoughReplicasError() if refused else None)

    @rule(kept=st.booleans())
    def crash(self, kept):
        """Stop without a word; appends under way get into the log, or do not."""
        log = self.cluster.log
        log.is_held = False
        held, log.held = log.held, []
        for _, partition, records in held if kept else ():
            log._write(partition, records)
        self.cluster.crash()
        self.last = None
        for client in self.clients:
            client.waiting = None

    @rule()
    def compact(self):
        """Load what a cleaner leaves: it makes the same state as the whole log."""
        whole, cleaned = Cluster().shard, Cluster().shard
        replay(whole, self.cluster.log.read_all(0))
        replay(cleaned, self.cluster.log.compact(0))
        assert durable(cleaned) == durable(whole)
        assert cleaned.state.offsets.by_group == whole.state.offsets.by_group

    # ------------------------------------------------------------ what must hold

    def group(self) -> ClassicGroup | None:
        if not hasattr(self, "cluster"):
            return None
        group = self.cluster.shard.state.groups.get(GROUP)
        assert group is None or isinstance(group, ClassicGroup)
        return group

    @invariant()
    def members_are_counted_right(self):
        group = self.group()
        if group is None:
            return
        members = group.members.values()
        assert group.awaiting_join_count == sum(each.awaiting_join is not None for each in members)
        assert group.static_ids == {
            each.instance_id: each.member_id for each in members if each.instance_id
        }
        for name in ("range", "sticky"):
            assert group.supported_counts[name] == sum(
                name in each.protocol_names for each in members
            )
        assert group.pending_sync <= group.members.keys()
        assert not group.pending_join & group.members.keys()
        assert all(key == each.member_id for key, each in group.members.items())

    @invariant()
    def one_member_leads(self):
        group = self.group()
        if group is None:
            return
        assert (group.leader_id in group.members) if group.members else group.leader_id is None

    @invariant()
    def the_state_fits(self):
        group = self.group()
        if group is None:
            return
        if group.state is ClassicState.EMPTY:
            assert not group.members
        if group.state in (ClassicState.STABLE, ClassicState.COMPLETING_REBALANCE):
            assert group.members
            assert all(
                group.protocol_name in each.protocol_names for each in group.members.values()
            )
        if group.state is not ClassicState.PREPARING_REBALANCE and not self.cluster.log.held:
            assert group.awaiting_join_count == 0
        if group.state is not ClassicState.COMPLETING_REBALANCE:
            assert all(each.awaiting_sync is None for each in group.members.values())
        if group.state is ClassicState.PREPARING_REBALANCE and group.awaiting_join_count:
            assert self.cluster.shard.context.timers.is_set(GROUP, "join") or self.cluster.log.held

    @invariant()
    def generations_grow(self):
        group = self.group()
        if self.last is not None:
            last, generation = self.last
            if group is last:
                assert group.generation >= generation
            else:  # only a group that nobody is in is forgotten, and made anew
                assert last.state in (ClassicState.EMPTY, ClassicState.DEAD), last.state
        self.last = None if group is None else (group, group.generation)

    @invariant()
    def every_member_has_a_session(self):
        group = self.group()
        if group is None:
            return
        if group.state is ClassicState.STABLE:
            for member_id in group.members:
                assert self.cluster.shard.context.timers.is_set(GROUP, f"session/{member_id}")

    @invariant()
    def the_log_makes_the_state(self):
        if not hasattr(self, "cluster"):
            return
        shard = Cluster().shard
        replay(shard, self.cluster.log.read_all(0))
        live = self.cluster.shard
        assert shard.state.offsets.by_group == live.state.offsets.by_group
        group, logged = self.group(), shard.state.groups.get(GROUP)
        if group is not None and group.state is ClassicState.STABLE:
            assert durable(shard)[GROUP] == durable(live)[GROUP]
        if group is None:
            assert logged is None


def replay(shard, records):
    for offset, key, value in records:
        shard.replay(offset, shard.decode(key, value))


def durable(shard):
    """Return what records say of each group: generation, leader, members with assignments."""
    return {
        group_id: (
            group.generation,
            group.leader_id,
            group.protocol_type,
            group.protocol_name,
            {
                each.member_id: (each.instance_id, each.assignment, each.session_timeout_ms)
                for each in group.members.values()
            },
        )
        for group_id, group in shard.state.groups.items()
    }


TestGroups = Groups.TestCase
TestGroups.settings = settings(
    max_examples=examples(60),
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
