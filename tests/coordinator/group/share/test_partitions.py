"""What is known of states, step by step."""

from types import SimpleNamespace

from logcore.coordinator.group.share.partitions import StatePartitions, TopicState
from tests.coordinator.group.actors import Topics

A, B = b"a" * 16, b"b" * 16


def topics(**counts: int) -> Topics:
    made = {
        name: SimpleNamespace(name=name, topic_id=name.encode() * 16, partitions=range(count))
        for name, count in counts.items()
    }
    return Topics(made, {each.topic_id: each for each in made.values()})


def state(name: str, *partitions: int, noted_ms: int = 0) -> TopicState:
    return TopicState(name, frozenset(partitions), noted_ms)


def test_everything_is_missing_at_first():
    found = StatePartitions().missing(["a", "b", "nope"], topics(a=2, b=1), 0)
    assert found == {A: state("a", 0, 1), B: state("b", 0)}


def test_what_is_there_or_under_way_is_not_missing():
    known = StatePartitions({A: state("a", 1, noted_ms=50)}, {A: state("a", 0), B: state("b", 0)})
    assert known.missing(["a", "b"], topics(a=3, b=1), 10) == {A: state("a", 2)}
    assert known.missing(["a"], topics(a=3), 50) == {A: state("a", 1, 2)}  # it took too long


def test_from_nothing_to_there():
    known = StatePartitions().beginning({A: state("a", 0, 1)})
    assert known.initializing == {A: state("a", 0, 1)}
    known = known.begun({A: frozenset({0})}).not_begun({A: frozenset({1})})
    assert known == StatePartitions({}, {A: state("a", 0)})
    known = known.beginning({A: state("a", 1)}).begun({A: frozenset({1})})
    assert known == StatePartitions({}, {A: state("a", 0, 1)})


def test_what_was_forgotten_meanwhile_is_not_there():
    known = StatePartitions().beginning({A: state("a", 0)}).forgetting([A])
    assert known.begun({A: frozenset({0})}) == StatePartitions(deleting={A: "a"})


def test_forgetting_and_beginning_again():
    known = StatePartitions({A: state("a", 1)}, {A: state("a", 0), B: state("b", 0)})
    assert known.partitions_of(A) == {0, 1}
    gone = known.forgetting([A])
    assert gone == StatePartitions({}, {B: state("b", 0)}, {A: "a"})
    assert gone.has(A)
    assert gone.forgotten([A]) == StatePartitions({}, {B: state("b", 0)})
    again = gone.beginning({A: state("a", 0)})
    assert (again.deleting, again.initializing) == ({}, {A: state("a", 0)})
    assert known.without(A) == StatePartitions({}, {B: state("b", 0)})
    assert not known.without(A).has(A)


def test_names():
    known = StatePartitions({A: state("a", 1)}, {}, {B: "b"})
    assert [known.name_of(each) for each in (A, B, b"c" * 16)] == ["a", "b", "<UNKNOWN>"]
