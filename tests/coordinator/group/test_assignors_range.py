"""The range assignor: who gets which run of partitions."""

from logcore.coordinator.group.assignors_range import RangeAssignor
from tests.coordinator.group.test_assignors import spec, topic


def assign(counts, subscriptions, **given):
    """Return the partitions of each member as {topic: (first, last)}."""
    targets = RangeAssignor().assign(spec(counts, subscriptions, **given))
    return {
        member_id: {
            int.from_bytes(each, "big"): (min(numbers), max(numbers))
            for each, numbers in sorted(assigned.items())
        }
        for member_id, assigned in targets.items()
    }


def test_one_member_has_everything():
    assert assign({1: 3, 2: 2}, {"a": [1, 2]}) == {"a": {1: (0, 2), 2: (0, 1)}}


def test_members_get_the_same_numbers_of_topics_alike():
    assert assign({1: 3, 2: 3}, {"a": [1, 2], "b": [1, 2]}) == {
        "a": {1: (0, 1), 2: (0, 1)},
        "b": {1: (2, 2), 2: (2, 2)},
    }


def test_odd_partitions_go_to_the_first_members():
    assert assign({1: 8}, {"a": [1], "b": [1], "c": [1]}) == {
        "a": {1: (0, 2)},
        "b": {1: (3, 5)},
        "c": {1: (6, 7)},
    }


def test_members_beyond_the_partitions_get_none():
    assert assign({1: 2}, {"a": [1], "b": [1], "c": [1]}) == {
        "a": {1: (0, 0)},
        "b": {1: (1, 1)},
        "c": {},
    }


def test_only_subscribers_of_a_topic_share_it():
    assert assign({1: 3, 2: 3, 3: 2}, {"a": [1, 2], "b": [3], "c": [2, 3]}) == {
        "a": {1: (0, 2), 2: (0, 1)},
        "b": {3: (0, 0)},
        "c": {2: (2, 2), 3: (1, 1)},
    }


def test_static_members_come_first_by_instance_and_keep_their_ranges():
    before = assign({1: 5}, {"m1": [1], "m2": [1], "m3": [1]}, instances={"m1": "y", "m2": "x"})
    assert before == {"m1": {1: (2, 3)}, "m2": {1: (0, 1)}, "m3": {1: (4, 4)}}
    after = assign({1: 5}, {"m9": [1], "m2": [1], "m3": [1]}, instances={"m9": "y", "m2": "x"})
    assert after["m9"] == before["m1"]
    assert (after["m2"], after["m3"]) == (before["m2"], before["m3"])


def test_more_partitions_move_the_ranges():
    assert assign({1: 4}, {"a": [1], "b": [1]})["b"] == {1: (2, 3)}
    assert assign({1: 6}, {"a": [1], "b": [1]})["b"] == {1: (3, 5)}


def test_what_stays_the_same_is_the_same_object():
    given = spec({1: 4}, {"a": [1]}, assigned={"a": {topic(1): frozenset(range(4))}})
    assert RangeAssignor().assign(given)["a"] is given.members["a"].assigned
