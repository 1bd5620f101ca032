"""A process while tasks are assigned."""

import pytest

from logcore.coordinator.group.streams.process import Process, compact
from logcore.coordinator.group.streams.tasks import NOTHING_TO_RUN, TaskId


@pytest.fixture
def process():
    made = Process("p")
    made.add_member("a")
    made.add_member("b")
    return made


def test_load_is_tasks_for_each_member(process):
    assert process.load == 0
    assert process.add("a", TaskId("s", 0), is_active=True) == 1
    assert process.add_to_idlest(TaskId("s", 1), is_active=False) == 1
    assert process.add_to_idlest(TaskId("s", 2), is_active=True) == 2
    assert process.load == 1.5
    assert (process.count("a"), process.count("b")) == (2, 1)
    assert process.has(TaskId("s", 1))
    assert not process.has(TaskId("s", 3))


def test_what_members_have(process):
    process.add("a", TaskId("s", 1), is_active=True)
    process.add("a", TaskId("s", 0), is_active=True)
    process.add("a", TaskId("t", 0), is_active=False)
    made = process.assigned()
    assert made["a"].active == {"s": {0, 1}}
    assert made["a"].standby == {"t": {0}}
    assert made["b"] is NOTHING_TO_RUN
    assert compact([]) == {}
