"""Assignors: everything is given out, once, fairly, and sticks."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.client.positions import TopicPartition
from logcore.consumer.assignors import (
    ASSIGNORS,
    Member,
    all_cooperative,
    cooperative_sticky_assignor,
    range_assignor,
    round_robin_assignor,
    sticky_assignor,
)

TOPICS = ["a", "b", "c"]


def member(*topics, owned=(), generation=-1, instance_id=None):
    return Member(frozenset(topics), tuple(owned), generation, instance_id)


def places(topic, *numbers):
    return [TopicPartition(topic, number) for number in numbers]


subscriptions = st.dictionaries(
    st.sampled_from(["m1", "m2", "m3", "m4"]),
    st.sets(st.sampled_from(TOPICS), min_size=1).map(lambda topics: member(*topics)),
    min_size=1,
)
counts_of = st.fixed_dictionaries(dict.fromkeys(TOPICS, st.integers(0, 7)))


@pytest.mark.parametrize("name", sorted(ASSIGNORS))
@given(members=subscriptions, counts=counts_of)
def test_every_partition_goes_to_one_member_that_wants_it(name, members, counts):
    shares = ASSIGNORS[name](members, counts)
    assert shares.keys() == members.keys()
    given_out = [place for share in shares.values() for place in share]
    wanted = {topic for each in members.values() for topic in each.topics}
    assert sorted(given_out) == sorted(p for t in wanted for p in places(t, *range(counts[t])))
    for name_, share in shares.items():
        assert {place.topic for place in share} <= members[name_].topics


def test_ranges_are_contiguous_and_the_first_members_get_more():
    shares = range_assignor({"x": member("a"), "y": member("a")}, {"a": 5})
    assert shares == {"x": places("a", 0, 1, 2), "y": places("a", 3, 4)}


def test_static_members_are_dealt_to_by_name():
    members = {"z": member("a", instance_id="1"), "b": member("a", instance_id="2")}
    assert range_assignor(members, {"a": 3})["z"] == places("a", 0, 1)


def test_round_robin_deals_by_turns():
    shares = round_robin_assignor({"x": member("a", "b"), "y": member("a", "b")}, {"a": 3, "b": 1})
    assert shares == {"x": places("a", 0, 2), "y": [*places("a", 1), *places("b", 0)]}


def test_what_is_held_stays_where_it_is():
    members = {
        "x": member("a", owned=places("a", 2, 3), generation=5),
        "y": member("a", owned=places("a", 0), generation=5),
    }
    shares = sticky_assignor(members, {"a": 4})
    assert shares == {"x": places("a", 2, 3), "y": places("a", 0, 1)}


def test_of_two_who_claim_a_partition_the_newer_generation_keeps_it():
    members = {
        "x": member("a", owned=places("a", 0, 1), generation=4),
        "y": member("a", owned=places("a", 1, 0), generation=5),
    }
    shares = sticky_assignor(members, {"a": 2})
    assert {name: len(share) for name, share in shares.items()} == {"x": 1, "y": 1}


@given(seed=st.integers(0, 10_000))
def test_with_equal_subscriptions_nobody_has_two_more_than_another(seed):
    chance = random.Random(seed)
    count = chance.randrange(20)
    free = places("a", *range(count))
    members = {}
    for name in "xyz"[: chance.randrange(1, 4)]:
        owned = [place for place in free if chance.random() < 0.5]
        members[name] = member("a", owned=owned, generation=chance.randrange(3))
    sizes = [len(share) for share in sticky_assignor(members, {"a": count}).values()]
    assert max(sizes) - min(sizes) <= 1


def test_the_cooperative_one_gives_away_only_what_is_free():
    members = {"x": member("a", owned=places("a", 0, 1, 2, 3), generation=1), "y": member("a")}
    first = cooperative_sticky_assignor(members, {"a": 4})
    assert (len(first["x"]), first["y"]) == (2, [])
    members["x"] = member("a", owned=first["x"], generation=2)
    second = cooperative_sticky_assignor(members, {"a": 4})
    assert (second["x"], len(second["y"])) == (first["x"], 2)


def test_members_keep_partitions_only_if_all_assignors_are_cooperative():
    assert all_cooperative(["cooperative-sticky"])
    assert not all_cooperative(["range", "cooperative-sticky"])
