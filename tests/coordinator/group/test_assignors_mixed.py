"""The uniform assignor where members subscribed to different topics."""

from logcore.coordinator.group.assignors_mixed import assign_mixed
from tests.coordinator.group.test_assignors import moved, sizes, spec
from tests.coordinator.group.test_assignors_uniform import of


def test_topics_with_least_choice_are_given_out_first():
    targets = assign_mixed(spec({1: 3, 2: 3}, {"a": [1], "b": [1, 2]}))
    assert targets == {"a": of(t1=[0, 1, 2]), "b": of(t2=[0, 1, 2])}


def test_who_subscribes_to_nothing_gets_nothing():
    assert assign_mixed(spec({1: 2}, {"a": [1], "b": []})) == {"a": of(t1=[0, 1]), "b": {}}


def test_what_is_no_longer_subscribed_to_goes_to_who_still_is():
    assigned = {"a": of(t1=[0, 1]), "b": of(t2=[0, 1])}
    targets = assign_mixed(spec({1: 2, 2: 2}, {"a": [2], "b": [1, 2]}, assigned))
    assert targets == {"a": of(t2=[0, 1]), "b": of(t1=[0, 1])}


def test_a_member_that_joins_takes_from_the_most_loaded_of_its_topic():
    assigned = {"a": of(t1=[0, 1, 2, 3]), "b": of(t2=[0, 1])}
    given = spec({1: 4, 2: 2}, {"a": [1], "b": [2], "c": [1, 2]}, assigned)
    targets = assign_mixed(given)
    assert targets == {"a": of(t1=[0, 1]), "b": of(t2=[0, 1]), "c": of(t1=[2, 3])}


def test_a_balanced_assignment_stays():
    given = spec({1: 4, 2: 4}, {"a": [1], "b": [1, 2], "c": [2]})
    targets = assign_mixed(given)
    again = assign_mixed(spec({1: 4, 2: 4}, {"a": [1], "b": [1, 2], "c": [2]}, targets))
    assert moved(targets, again) == 0
    assert sorted(sizes(targets).values()) == [2, 3, 3]


def test_one_who_leaves_is_shared_out_among_the_others():
    counts, subscriptions = {1: 6, 2: 6}, {"a": [1, 2], "b": [1], "c": [1, 2]}
    targets = assign_mixed(spec(counts, subscriptions))
    del subscriptions["c"], targets["c"]
    after = assign_mixed(spec(counts, subscriptions, targets))
    assert sizes(after) == {"a": 6, "b": 6}
    # a alone can have the second topic, so it gives b of the first what it held of it.
    assert after["b"] == of(t1=[0, 1, 2, 3, 4, 5])
