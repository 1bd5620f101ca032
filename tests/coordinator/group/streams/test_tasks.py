"""Tasks as values."""

from logcore.coordinator.group.streams.tasks import (
    NOTHING_OWNED,
    NOTHING_TO_RUN,
    OwnedTasks,
    Tasks,
    contains,
    overlap,
    read_sets,
    sorted_tasks,
    union,
)
from logcore.protocol.messages.streams_group_heartbeat import TaskIds


def test_empty():
    assert NOTHING_TO_RUN.is_empty
    assert NOTHING_OWNED.is_empty
    assert not Tasks(warmup={"a": frozenset({1})}).is_empty
    assert not OwnedTasks(standby={"a": frozenset({1})}).is_empty


def test_reading_leaves_out_what_is_empty():
    written = [TaskIds(subtopology_id="a", partitions=[2, 1]), TaskIds(subtopology_id="b")]
    assert read_sets(written) == {"a": frozenset({1, 2})}


def test_owned_tasks_are_merged():
    one = OwnedTasks({"a": {0: 1}}, {"s": frozenset({0})})
    other = OwnedTasks({"a": {1: 2}, "b": {0: 2}}, {"s": frozenset({1})}, {"w": frozenset({0})})
    merged = one.merged(other)
    assert merged.active == {"a": {0: 1, 1: 2}, "b": {0: 2}}
    assert merged.standby == {"s": {0, 1}}
    assert merged.warmup == {"w": {0}}
    assert merged.active_sets == {"a": {0, 1}, "b": {0}}
    assert one.merged(NOTHING_OWNED) == one


def test_a_task_is_compared_as_what_it_is():
    active = Tasks({"a": frozenset({0})})
    assert active.has_any_of(OwnedTasks({"a": {0: 1, 3: 1}}))
    assert not active.has_any_of(OwnedTasks({}, {"a": frozenset({0})}))
    assert Tasks({}, {}, {"a": frozenset({0})}).has_any_of(OwnedTasks({}, {}, active.active))


def test_sets():
    assert overlap({"a": [1]}, {"a": {1, 2}})
    assert not overlap({"a": [1]}, {"b": {1}})
    assert contains({"a": {1, 2}}, {"a": [1]})
    assert not contains({"a": {1}}, {"a": [1, 2]})
    assert not contains({}, {"a": [1]})
    assert contains({}, {})
    assert union({"a": frozenset({1})}, {"b": frozenset({2})}) == {"a": {1}, "b": {2}}
    assert sorted_tasks({"b": {2, 1}, "a": {0}}) == [("a", [0]), ("b", [1, 2])]
