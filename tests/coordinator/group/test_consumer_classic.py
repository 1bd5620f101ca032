"""Members of the classic protocol in a group of the new one."""

import pytest

from logcore.coordinator.group.consumer_embedded import read_assignment
from logcore.protocol.internal import versioned
from logcore.protocol.internal.consumer_protocol import (
    ConsumerProtocolSubscription,
    ConsumerProtocolSubscriptionTopicPartition,
)
from logcore.protocol.messages.leave_group import MemberIdentity
from tests.coordinator.group.consumers import Client, ConsumerCluster, settle

REJOIN, ILLEGAL, UNKNOWN, FENCED, INCONSISTENT, ID_REQUIRED = 27, 22, 25, 82, 23, 79
SESSION_MS, REBALANCE_MS = 10_000, 60_000


@pytest.fixture
def cluster():
    return ConsumerCluster({"foo": 6, "bar": 2})


def subscription(*topics, owned=None, version=3, rack=None) -> bytes:
    """Return what a consumer says when it joins."""
    said = ConsumerProtocolSubscription(
        topics=list(topics),
        rack_id=rack,
        owned_partitions=[
            ConsumerProtocolSubscriptionTopicPartition(topic=name, partitions=partitions)
            for name, partitions in (owned or {}).items()
        ],
    )
    return versioned.encode(said, version)


class Classic:
    """A consumer of the classic protocol that revokes what it must, as cooperative ones do."""

    def __init__(self, cluster, *topics, instance_id=None, names=("range",)):
        self.cluster = cluster
        self.topics = topics
        self.instance_id = instance_id
        self.names = names
        self.member_id = ""
        self.generation = -1
        self.assigned: dict[bytes, list[int]] = {}

    def join(self, **given):
        known = self.cluster.topics.topics_by_name
        owned = {name: numbers for name, numbers in self.owned.items() if name in known}
        metadata = subscription(*self.topics, owned=owned)
        answer = self.cluster.join(
            self.member_id,
            protocols=dict.fromkeys(self.names, metadata),
            instance_id=self.instance_id,
            session_ms=SESSION_MS,
            rebalance_ms=REBALANCE_MS,
            **given,
        )
        self.cluster.scheduler.run_soon()
        response = answer.value()
        self.member_id = response.member_id
        if response.error_code == ID_REQUIRED:
            return self.join(**given)
        self.generation = response.generation_id
        return response

    def sync(self):
        answer = self.cluster.sync(
            self.member_id,
            self.generation,
            instance_id=self.instance_id,
            protocol_type="consumer",
            protocol_name=self.names[0],
        )
        response = answer.value()
        if response.error_code == 0:
            self.assigned = read_assignment(response.assignment, self.cluster.topics)
        return response.error_code

    @property
    def owned(self) -> dict[str, list[int]]:
        """What it consumes, by topic name."""
        named: dict[str, list[int]] = self.cluster.named(self.assigned)
        return named

    def heartbeat(self):
        return self.cluster.heartbeat(self.member_id, self.generation, self.instance_id)

    def beat(self):
        """Do a round: join and sync if that is asked for."""
        if self.generation < 0 or self.heartbeat() == REJOIN:
            assert self.join().error_code == 0
            return self.sync()
        return 0

    def revoke(self):
        """It has revoked with the sync already."""


def mixed(cluster, *topics):
    """Make a stable group of a new member and a classic one."""
    new, old = Client(cluster, "new", "foo"), Classic(cluster, *(topics or ("foo",)))
    settle(new)
    settle(new, old)
    return new, old


def test_a_classic_member_joins_at_once_and_shares(cluster):
    new, old = mixed(cluster)
    assert new.owned == {"foo": [0, 1, 2]}
    assert old.owned == {"foo": [3, 4, 5]}
    group = cluster.consumer_group()
    assert (group.state_name, group.classic_count) == ("Stable", 1)
    assert old.generation == new.epoch == group.epoch


def test_a_join_s_answer_names_nobody_else(cluster):
    settle(Client(cluster, "new", "foo"))
    response = Classic(cluster, "foo", names=("roundrobin", "range")).join()
    assert (response.protocol_type, response.protocol_name) == ("consumer", "roundrobin")
    assert (response.leader, response.members) == ("", [])


def test_a_dynamic_member_has_to_know_its_id(cluster):
    settle(Client(cluster, "new", "foo"))
    said = {"range": subscription("foo")}
    first = cluster.join(protocols=said).value()
    assert first.error_code == ID_REQUIRED
    assert first.member_id not in cluster.consumer_group().members
    old = cluster.join(protocols=said, version=3).value()
    assert old.error_code == 0
    assert old.member_id in cluster.consumer_group().members


def test_what_is_not_a_consumer_s_is_refused(cluster):
    settle(Client(cluster, "new", "foo"))
    said = {"range": subscription("foo")}
    assert cluster.join("x", protocols=said, protocol_type="connect").value().error_code == 23
    assert cluster.join("x", protocols={}).value().error_code == INCONSISTENT
    assert cluster.join("x", protocols={"range": b"?"}).value().error_code == INCONSISTENT
    settle(Classic(cluster, "foo", names=("a", "b")))
    assert cluster.join("x", protocols={"c": said["range"]}).value().error_code == INCONSISTENT
    assert cluster.join("x", protocols={"b": said["range"]}).value().error_code == 0


def test_a_heartbeat_tells_when_to_join_again(cluster):
    _, old = mixed(cluster)
    assert old.heartbeat() == 0
    Client(cluster, "third", "foo").beat()
    assert old.heartbeat() == REJOIN
    assert old.sync() == REJOIN
    old.join()
    assert cluster.state_of(old.member_id)[0] == "UNREVOKED"
    assert old.heartbeat() == REJOIN
    assert old.sync() == 0
    assert old.owned == {"foo": [3, 4]}
    old.join()
    assert cluster.state_of(old.member_id)[:2] == ("STABLE", 3)


def test_a_member_that_waits_is_told_when_there_is_more(cluster):
    new, old = Client(cluster, "new", "foo"), Classic(cluster, "foo")
    settle(new)
    old.join()
    assert old.sync() == 0
    assert old.owned == {}
    assert old.heartbeat() == 0
    new.beat()
    new.revoke()
    assert old.heartbeat() == 0
    new.beat()
    assert old.heartbeat() == REJOIN
    old.join()
    assert old.sync() == 0
    assert old.owned == {"foo": [3, 4, 5]}


def test_a_classic_member_with_another_subscription(cluster):
    new, old = mixed(cluster, "bar")
    assert (new.owned, old.owned) == ({"foo": [0, 1, 2, 3, 4, 5]}, {"bar": [0, 1]})
    old.topics = ("foo", "bar")
    old.join()
    settle(new, old)
    assert sum(map(len, new.owned.values())) == sum(map(len, old.owned.values())) == 4


def test_wrong_generations_and_members(cluster):
    new, old = mixed(cluster)
    assert cluster.heartbeat(old.member_id, 99) == ILLEGAL
    assert cluster.sync(old.member_id, 99).value().error_code == ILLEGAL
    assert cluster.heartbeat("nobody", 2) == UNKNOWN
    assert cluster.heartbeat(new.member_id, new.epoch) == UNKNOWN
    assert cluster.sync(new.member_id, new.epoch).value().error_code == UNKNOWN
    wrong = cluster.sync(old.member_id, old.generation, protocol_name="other").value()
    assert wrong.error_code == INCONSISTENT
    wrong = cluster.sync(old.member_id, old.generation, protocol_type="connect").value()
    assert wrong.error_code == INCONSISTENT


def test_a_silent_classic_member_is_gone_after_its_own_session(cluster):
    new, old = mixed(cluster)
    cluster.scheduler.advance(SESSION_MS - 1)
    assert old.heartbeat() == 0
    cluster.scheduler.advance(SESSION_MS)
    assert set(cluster.consumer_group().members) == {new.member_id}


def test_a_member_that_does_not_join_again_in_time_is_gone(cluster):
    new, old = mixed(cluster)
    third = Client(cluster, "third", "foo")
    for _ in range(REBALANCE_MS // 5_000):
        settle(third, new, rounds=2)
        assert old.heartbeat() == REJOIN
        cluster.scheduler.advance(5_000)
    assert old.heartbeat() == UNKNOWN


def test_a_member_that_does_not_sync_in_time_is_gone(cluster):
    new = Client(cluster, "new", "foo")
    settle(new)
    old = Classic(cluster, "foo")
    old.join()
    for _ in range(REBALANCE_MS // 5_000 - 1):
        new.beat()
        old.heartbeat()
        cluster.scheduler.advance(5_000)
    assert old.member_id in cluster.consumer_group().members
    old.heartbeat()
    cluster.scheduler.advance(5_000)
    assert old.member_id not in cluster.consumer_group().members


def test_a_heartbeat_tells_of_other_topics_when_nobody_else_would():
    cluster = ConsumerCluster({"foo": 6}, group_consumer_migration_policy="upgrade")
    new, old = mixed(cluster)
    new.leave()
    settle(old)
    cluster.create("other", 1)
    assert old.heartbeat() == 0
    cluster.grow("foo", 7)
    settle(old)
    assert old.owned == {"foo": [0, 1, 2, 3, 4, 5, 6]}


# ---------------------------------------------------------------- leaving


def test_classic_members_leave_by_leave_group(cluster):
    new, old = mixed(cluster)
    response = cluster.leave(old.member_id, "nobody", new.member_id)
    assert [(each.member_id, each.error_code) for each in response.members] == [
        (old.member_id, 0),
        ("nobody", UNKNOWN),
        ("new", UNKNOWN),
    ]
    settle(new)
    assert new.owned == {"foo": [0, 1, 2, 3, 4, 5]}


def test_nobody_leaves_nothing_is_written(cluster):
    mixed(cluster)
    written = len(cluster.log.batches)
    cluster.leave("nobody")
    assert len(cluster.log.batches) == written


def test_static_members_are_sent_off_by_instance(cluster):
    new, old = Client(cluster, "new", "foo"), Classic(cluster, "foo", instance_id="i")
    settle(new)
    settle(new, old)
    wrong = [
        MemberIdentity(member_id="x", group_instance_id="i"),
        MemberIdentity(member_id="", group_instance_id="j"),
    ]
    codes = [each.error_code for each in cluster.leave(*wrong).members]
    assert codes == [FENCED, UNKNOWN]
    gone = cluster.leave(MemberIdentity(member_id="", group_instance_id="i")).members[0]
    assert (gone.error_code, gone.member_id) == (0, old.member_id)
    assert set(cluster.consumer_group().members) == {"new"}


# ---------------------------------------------------------------- static members


def test_a_static_classic_member_restarts_and_has_what_it_had(cluster):
    new, old = Client(cluster, "new", "foo"), Classic(cluster, "foo", instance_id="i")
    settle(new)
    settle(new, old)
    epoch = cluster.consumer_group().epoch
    again = Classic(cluster, "foo", instance_id="i")
    assert again.join().error_code == 0
    assert again.sync() == 0
    assert again.owned == old.owned
    assert again.member_id != old.member_id
    assert cluster.consumer_group().epoch == epoch
    assert old.heartbeat() == FENCED


def test_a_static_member_goes_over_to_the_new_protocol(cluster):
    new, old = Client(cluster, "new", "foo"), Classic(cluster, "foo", instance_id="i")
    settle(new)
    settle(new, old)
    cluster.scheduler.advance(1)
    over = Client(cluster, "over", "foo", instance_id="i")
    assert over.beat() == 0
    assert over.owned == old.owned
    assert cluster.consumer_group().classic_count == 0


def test_a_static_member_goes_over_to_the_classic_protocol_while_others_do_not(cluster):
    new = Client(cluster, "new", "foo")
    over = Client(cluster, "over", "foo", instance_id="i")
    settle(new, over)
    back = Classic(cluster, "foo", instance_id="i")
    assert back.join().error_code == 0
    assert back.sync() == 0
    assert back.owned == over.owned
    assert cluster.consumer_group().classic_count == 1


def test_classic_members_survive_a_crash(cluster):
    new, old = mixed(cluster)
    cluster.crash()
    assert old.heartbeat() == 0
    assert new.beat() == 0
    cluster.scheduler.advance(SESSION_MS)
    assert set(cluster.consumer_group().members) == {new.member_id}
