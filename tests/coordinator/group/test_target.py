"""The next target of a group."""

from dataclasses import replace
from types import SimpleNamespace

from logcore.coordinator.group.assignors_uniform import UniformAssignor
from logcore.coordinator.group.consumer_member import ConsumerMember
from logcore.coordinator.group.subscription import ResolvedRegex
from logcore.coordinator.group.target import compute_targets, metadata_hash, subscription, topic_ids

T1, T2 = b"1" * 16, b"2" * 16


def topics(**counts):
    """Make topics: ``t1=3``."""
    ids = {"t1": T1, "t2": T2}
    made = [
        SimpleNamespace(name=name, topic_id=ids.get(name, name.encode() * 8), partitions=range(n))
        for name, n in counts.items()
    ]
    return SimpleNamespace(
        topics_by_name={each.name: each for each in made},
        topics_by_id={each.topic_id: each for each in made},
    )


def member(member_id, *names, **given) -> ConsumerMember:
    return ConsumerMember(member_id=member_id, topics=frozenset(names), **given)


def compute(members, before, cluster, resolved=None):
    by_id = {each.member_id: each for each in members}
    return compute_targets(by_id, before, resolved or {}, cluster, UniformAssignor())


def resolved(**expressions):
    return {text: ResolvedRegex(frozenset(names), 1, 1) for text, names in expressions.items()}


def test_nobody():
    assert compute([], {}, topics(t1=1)) == ({}, [])


def test_all_members_are_named_the_first_time():
    made = compute([member("a", "t1"), member("b", "t1")], {}, topics(t1=4))
    assert made.assignments == {"a": {T1: {0, 1}}, "b": {T1: {2, 3}}}
    assert made.changed == ["a", "b"]


def test_only_members_whose_part_changes_are_named():
    cluster = topics(t1=4)
    first = compute([member("a", "t1"), member("b", "t1")], {}, cluster).assignments
    assert compute([member("a", "t1"), member("b", "t1")], first, cluster).changed == []
    third = compute([member(each, "t1") for each in "abc"], first, cluster)
    assert set(third.changed) == {"c", *third.changed}
    assert len(third.changed) == 2


def test_a_member_that_gets_nothing_is_named_once():
    cluster = topics(t1=1)
    made = compute([member("a", "t1"), member("b", "t1")], {}, cluster)
    assert made.changed == ["a", "b"]
    assert made.assignments["b"] == {}
    assert compute([member("a", "t1"), member("b", "t1")], made.assignments, cluster).changed == []


def test_topics_that_do_not_exist_are_passed_over():
    made = compute([member("a", "t1", "gone")], {}, topics(t1=2))
    assert made.assignments == {"a": {T1: {0, 1}}}


def test_a_topic_that_was_deleted_is_taken_away():
    before = {"a": {T1: frozenset({0}), T2: frozenset({0})}}
    made = compute([member("a", "t1", "t2")], before, topics(t1=1))
    assert made.assignments == {"a": {T1: {0}}}
    assert made.changed == ["a"]


def test_names_and_expressions_add_up():
    one = member("a", "t1", regex="t.*")
    assert subscription(one, {}) == {"t1"}
    assert subscription(one, resolved(**{"t.*": ["t2"]})) == {"t1", "t2"}
    assert subscription(replace(one, topics=frozenset()), resolved(**{"t.*": ["t2"]})) == {"t2"}
    assert subscription(member("a", "t1"), resolved(**{"t.*": ["t2"]})) == {"t1"}


def test_an_expression_that_is_resolved_is_assigned():
    members = [member("a", "t1"), member("b", regex="t.*")]
    cluster = topics(t1=2, t2=2)
    assert compute(members, {}, cluster).assignments["b"] == {}
    made = compute(members, {}, cluster, resolved(**{"t.*": ["t1", "t2"]}))
    assert made.assignments == {"a": {T1: {0, 1}}, "b": {T2: {0, 1}}}


def test_ids_of_topics_that_exist():
    assert topic_ids(["t1", "gone"], topics(t1=1, t2=1)) == {T1}


def test_the_hash_tells_topics_that_are_others_than_before():
    names = {"t1", "t2"}
    first = metadata_hash(names, topics(t1=1, t2=2))
    assert first == metadata_hash(["t2", "t1"], topics(t2=2, t1=1, other=5))
    assert first != metadata_hash(names, topics(t1=2, t2=2))
    assert first != metadata_hash(names, topics(t1=1))
    made_again = topics(t1=1, t2=2)
    made_again.topics_by_name["t1"].topic_id = b"9" * 16
    assert first != metadata_hash(names, made_again)
    assert metadata_hash(names, topics()) == metadata_hash([], topics(t1=1)) == 0
    assert -(2**63) <= first < 2**63
