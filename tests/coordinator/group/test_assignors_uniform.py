"""The uniform assignor where everybody subscribed to the same topics."""

from logcore.coordinator.group.assignors_uniform import UniformAssignor
from tests.coordinator.group.test_assignors import moved, sizes, spec, topic


def assign(counts, members, assigned=None):
    return UniformAssignor().assign(spec(counts, dict.fromkeys(members, counts), assigned))


def of(**topics) -> dict[bytes, frozenset[int]]:
    """Make an assignment: ``t1=[0, 1]``."""
    return {topic(int(name[1:])): frozenset(numbers) for name, numbers in topics.items()}


def test_a_first_assignment_goes_topic_by_topic():
    assert assign({1: 3, 3: 2}, "ab") == {"a": of(t1=[0, 1, 2]), "b": of(t3=[0, 1])}


def test_members_beyond_the_partitions_get_none():
    assert sizes(assign({1: 2}, "abc")) == {"a": 1, "b": 1, "c": 0}


def test_a_new_member_takes_from_who_has_more():
    before = assign({1: 6}, "ab")
    after = assign({1: 6}, "abc", before)
    assert sizes(after) == {"a": 2, "b": 2, "c": 2}
    assert moved(before, after) == 2


def test_who_leaves_passes_on_what_it_had_and_nothing_else_moves():
    before = assign({1: 6}, "abc")
    gone = before.pop("b")
    after = assign({1: 6}, "ac", before)
    assert sizes(after) == {"a": 3, "c": 3}
    assert moved(before, after) == 0
    assert sum(len(parts) for parts in gone.values()) == 2


def test_the_odd_partition_stays_where_it_is():
    assigned = {"a": of(t1=[0]), "b": of(t1=[1, 2])}
    assert assign({1: 3}, "ab", assigned) == assigned


def test_more_partitions_go_to_who_has_less():
    assigned = {"a": of(t1=[0, 1]), "b": of(t1=[2])}
    assert assign({1: 4}, "ab", assigned) == {"a": of(t1=[0, 1]), "b": of(t1=[2, 3])}


def test_a_topic_that_nobody_subscribes_to_is_taken_away():
    assigned = {"a": of(t1=[0], t2=[0, 1]), "b": of(t2=[2])}
    assert assign({1: 2}, "ab", assigned) == {"a": of(t1=[0]), "b": of(t1=[1])}


def test_a_member_that_has_much_of_many_topics_gives_up_from_the_last():
    assigned = {"a": of(t1=[0, 1], t2=[0, 1]), "b": {}}
    after = assign({1: 2, 2: 2}, "ab", assigned)
    assert after == {"a": of(t1=[0, 1]), "b": of(t2=[0, 1])}
