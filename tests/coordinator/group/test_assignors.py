"""What every assignor must do, whatever members and topics are: drawn at random."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logcore.coordinator.group.assignors import NO_PARTITIONS, Assignor, GroupSpec, MemberSpec
from logcore.coordinator.group.assignors_range import RangeAssignor
from logcore.coordinator.group.assignors_uniform import UniformAssignor

ASSIGNORS: list[Assignor] = [RangeAssignor(), UniformAssignor()]


def topic(number: int) -> bytes:
    return number.to_bytes(16, "big")


def spec(counts, subscriptions, assigned=None, instances=None) -> GroupSpec:
    """Make a spec: topics and counts by number, subscriptions by member."""
    return GroupSpec(
        {
            member_id: MemberSpec(
                frozenset(map(topic, numbers)),
                (assigned or {}).get(member_id, NO_PARTITIONS),
                (instances or {}).get(member_id),
            )
            for member_id, numbers in subscriptions.items()
        },
        {topic(number): count for number, count in counts.items()},
    )


def sizes(targets) -> dict[str, int]:
    return {member_id: sum(map(len, assigned.values())) for member_id, assigned in targets.items()}


def moved(before, after) -> int:
    """Count the partitions that were somebody's and are not any more."""
    return sum(
        len(partitions - after.get(member_id, {}).get(topic_id, frozenset()))
        for member_id, assigned in before.items()
        for topic_id, partitions in assigned.items()
    )


def check(given: GroupSpec, targets) -> None:
    """Check that every partition is one subscriber's, and that nothing else is anybody's."""
    assert targets.keys() == given.members.keys()
    owned = [
        (topic_id, partition)
        for assigned in targets.values()
        for topic_id, partitions in assigned.items()
        for partition in partitions
    ]
    assert len(owned) == len(set(owned))
    subscribed = frozenset().union(*(member.topics for member in given.members.values()))
    assert set(owned) == {
        (topic_id, partition)
        for topic_id in subscribed
        for partition in range(given.partition_counts[topic_id])
    }
    for member_id, assigned in targets.items():
        assert assigned.keys() <= given.members[member_id].topics
        assert all(assigned.values())


COUNTS = st.dictionaries(st.integers(0, 5), st.integers(1, 12), min_size=1)
MEMBERS = st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1)


@st.composite
def alike(draw) -> GroupSpec:
    counts = draw(COUNTS)
    return spec(counts, dict.fromkeys(draw(MEMBERS), counts))


@st.composite
def mixed(draw) -> GroupSpec:
    counts = draw(COUNTS)
    subscriptions = st.lists(st.sampled_from(sorted(counts)), unique=True)
    return spec(counts, {member_id: draw(subscriptions) for member_id in draw(MEMBERS)})


def after(given: GroupSpec, targets, leaving=(), joining=()) -> GroupSpec:
    """Make the spec of the group once members have left and others, like the first, joined."""
    topics = next(iter(given.members.values())).topics
    members = {
        member_id: member._replace(assigned=targets[member_id])
        for member_id, member in given.members.items()
        if member_id not in leaving
    }
    members |= {member_id: MemberSpec(topics) for member_id in joining}
    return GroupSpec(members, given.partition_counts)


@pytest.mark.parametrize("assignor", ASSIGNORS, ids=lambda each: each.name)
@given(group=st.one_of(alike(), mixed()))
def test_every_partition_goes_to_one_subscriber(assignor, group):
    check(group, assignor.assign(group))


@pytest.mark.parametrize("assignor", ASSIGNORS, ids=lambda each: each.name)
@given(group=st.one_of(alike(), mixed()))
def test_who_keeps_everything_keeps_the_same_object(assignor, group):
    targets = assignor.assign(group)
    again = assignor.assign(after(group, targets))
    assert all(again[member_id] is targets[member_id] for member_id in targets)


@given(group=alike())
def test_uniform_shares_differ_by_one_at_most(group):
    counted = sizes(UniformAssignor().assign(group)).values()
    assert max(counted) - min(counted) <= 1


@given(group=alike(), data=st.data())
def test_uniform_moves_no_more_than_balance_asks_for(group, data):
    targets = UniformAssignor().assign(group)
    ids = sorted(group.members)
    leaving = data.draw(st.sets(st.sampled_from(ids), max_size=len(ids) - 1))
    joining = data.draw(st.sets(st.sampled_from(["x", "y", "z"])))
    changed = after(group, targets, leaving, joining)
    again = UniformAssignor().assign(changed)
    check(changed, again)
    kept = {member_id: targets[member_id] for member_id in ids if member_id not in leaving}
    total = sum(
        group.partition_counts[each] for each in changed.members[min(changed.members)].topics
    )
    least, extra = divmod(total, len(changed.members))
    # Nobody can keep more than its share; as many as there are odd partitions can keep one more.
    over = sorted((size - least for size in sizes(kept).values() if size > least), reverse=True)
    must = sum(over) - min(extra, len(over))
    assert moved(kept, again) == must


@given(group=mixed())
def test_mixed_subscriptions_are_balanced_topic_by_topic(group):
    """Whoever has two more than another has nothing that the other subscribed to."""
    targets = UniformAssignor().assign(group)
    counted = sizes(targets)
    for rich in targets:
        for poor, member in group.members.items():
            if counted[rich] > counted[poor] + 1:
                assert not targets[rich].keys() & member.topics


@settings(max_examples=30)
@given(group=mixed(), data=st.data())
def test_mixed_subscriptions_that_change_leave_a_full_assignment(group, data):
    targets = UniformAssignor().assign(group)
    numbers = sorted(group.partition_counts)
    changed = GroupSpec(
        {
            member_id: MemberSpec(
                frozenset(data.draw(st.sets(st.sampled_from(numbers)))), targets[member_id]
            )
            for member_id in group.members
        },
        group.partition_counts,
    )
    for assignor in ASSIGNORS:
        check(changed, assignor.assign(changed))


@pytest.mark.parametrize("assignor", ASSIGNORS, ids=lambda each: each.name)
def test_nobody_and_nothing(assignor):
    assert assignor.assign(spec({}, {})) == {}
    assert assignor.assign(spec({1: 3}, {"a": [], "b": []})) == {"a": {}, "b": {}}
