"""The simple assignor: balanced first, sticky then; checked by tables and at random."""

import random

import pytest

from logcore.coordinator.group.assignors import Assignment, MemberSpec
from logcore.coordinator.group.share.assignor import assign

A, B = b"a" * 16, b"b" * 16


def run(
    subscriptions: dict[str, set[bytes]],
    counts: dict[bytes, int],
    before: dict[str, Assignment] | None = None,
) -> dict[str, Assignment]:
    members = {
        member_id: MemberSpec(frozenset(topics), (before or {}).get(member_id, {}))
        for member_id, topics in subscriptions.items()
    }
    return assign(members, {key: frozenset(range(count)) for key, count in counts.items()})


def sizes(made: dict[str, Assignment]) -> dict[str, int]:
    return {member: sum(map(len, topics.values())) for member, topics in made.items()}


def holders(made: dict[str, Assignment]) -> dict[tuple[bytes, int], set[str]]:
    found: dict[tuple[bytes, int], set[str]] = {}
    for member, topics in made.items():
        for topic_id, partitions in topics.items():
            for partition in partitions:
                found.setdefault((topic_id, partition), set()).add(member)
    return found


def test_nobody_and_nothing():
    assert run({}, {A: 3}) == {}
    assert run({"m": set()}, {A: 3}) == {"m": {}}
    assert run({"m": {A}}, {}) == {"m": {}}


def test_one_member_has_everything():
    assert run({"m": {A, B}}, {A: 2, B: 1}) == {"m": {A: {0, 1}, B: {0}}}


def test_more_partitions_than_members():
    made = run({"m1": {A}, "m2": {A}}, {A: 5})
    assert sorted(sizes(made).values()) == [2, 3]
    assert all(len(having) == 1 for having in holders(made).values())


def test_more_members_than_partitions_share_them():
    made = run({f"m{number}": {A} for number in range(5)}, {A: 2})
    assert set(sizes(made).values()) <= {1, 2}
    assert {len(having) for having in holders(made).values()} == {3}


def test_what_is_not_there_yet_is_not_assigned():
    members = {"m": MemberSpec(frozenset({A}), {A: frozenset({0, 7})})}
    assert assign(members, {A: frozenset({2, 7})}) == {"m": {A: {2, 7}}}


def test_who_is_alone_again_has_everything_again():
    made = run({"m1": {A}, "m2": {A}}, {A: 4})
    assert run({"m1": {A}}, {A: 4}, made) == {"m1": {A: {0, 1, 2, 3}}}


def test_what_stays_the_same_is_the_same_object():
    made = run({"m1": {A}, "m2": {A}}, {A: 4})
    again = run({"m1": {A}, "m2": {A}}, {A: 4}, made)
    assert all(again[member] is made[member] for member in made)


def test_who_joins_takes_as_little_as_balance_asks_for():
    made = run({"m1": {A}, "m2": {A}}, {A: 6})
    after = run({"m1": {A}, "m2": {A}, "m3": {A}}, {A: 6}, made)
    assert set(sizes(after).values()) == {2}
    for member in ("m1", "m2"):
        assert after[member][A] < made[member][A]


def test_different_subscriptions_are_balanced_topic_by_topic():
    made = run({"m1": {A}, "m2": {A, B}, "m3": {B}}, {A: 4, B: 2})
    assert set(made["m1"]) == {A}
    assert set(made["m3"]) == {B}
    assert len(made["m1"][A]) == len(made["m2"][A]) == 2
    assert len(made["m2"][B]) == len(made["m3"][B]) == 1


def test_a_topic_that_a_member_gives_up_goes():
    made = run({"m1": {A, B}, "m2": {A, B}}, {A: 2, B: 2})
    after = run({"m1": {A}, "m2": {A, B}}, {A: 2, B: 2}, made)
    assert set(after["m1"]) == {A}
    assert after["m2"][B] == {0, 1}


@pytest.mark.parametrize("seed", range(80))
def test_at_random(seed: int):
    chance = random.Random(seed)
    counts = {A: chance.randint(1, 12), B: chance.randint(1, 6)}
    subscriptions: dict[str, set[bytes]] = {}
    made: dict[str, Assignment] = {}
    for step in range(12):
        what = chance.random()
        if what < 0.6 or not subscriptions:
            is_mixed = seed % 2 == 1
            topics = chance.choice([{A}, {B}, {A, B}]) if is_mixed else {A, B}
            subscriptions[f"m{step}"] = topics
        elif what < 0.8:
            del subscriptions[chance.choice(sorted(subscriptions))]
        else:
            counts[A] += 1
        made = run(subscriptions, counts, made)
        assert set(made) == set(subscriptions)
        found = holders(made)
        for topic_id, count in counts.items():
            subscribers = {name for name, topics in subscriptions.items() if topic_id in topics}
            for partition in range(count):
                having = found.get((topic_id, partition), set())
                assert having <= subscribers
                assert having or not subscribers, "a partition without a member"
        if subscriptions and all(topics == {A, B} for topics in subscriptions.values()):
            spread = sizes(made).values()
            sharing = -(-len(subscriptions) // sum(counts.values()))
            assert max(spread) - min(spread) <= 1 or sharing > 1
