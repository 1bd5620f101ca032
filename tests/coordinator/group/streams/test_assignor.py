"""The sticky assignor: everything assigned once, evenly, and where it was."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logcore.coordinator.group.streams.assignor import MemberSpec, SubtopologySpec, assign
from logcore.coordinator.group.streams.tasks import Tasks


def plain(count):
    return SubtopologySpec(count, is_stateful=False)


def kept(count):
    return SubtopologySpec(count, is_stateful=True)


def size(tasks):
    return sum(len(each) for kind in (tasks.active, tasks.standby) for each in kind.values())


def listed(kind):
    return [(name, partition) for name, each in kind.items() for partition in each]


def test_nobody_gets_nothing():
    assert assign({}, {"a": plain(3)}, 0) == {}
    assert assign({"m": MemberSpec("p")}, {}, 1) == {"m": Tasks()}


def test_one_member_gets_everything():
    made = assign({"m": MemberSpec("p")}, {"a": plain(2), "b": kept(1)}, 1)
    assert made == {"m": Tasks({"a": frozenset({0, 1}), "b": frozenset({0})})}


def test_processes_are_loaded_by_their_threads():
    members = {f"m{each}": MemberSpec("big") for each in range(3)} | {"n": MemberSpec("small")}
    made = assign(members, {"a": plain(8)}, 0)
    assert [size(made[each]) for each in ("m0", "m1", "m2", "n")] == [2, 2, 2, 2]


def test_a_new_member_takes_its_share_from_who_has_more():
    before = {"a": frozenset(range(4))}
    made = assign(
        {"old": MemberSpec("p", Tasks(before)), "new": MemberSpec("q")}, {"a": plain(4)}, 0
    )
    assert made["old"].active == {"a": {0, 1}}
    assert made["new"].active == {"a": {2, 3}}


def test_a_standby_becomes_active_where_its_active_task_is_gone():
    members = {
        "a": MemberSpec("p", Tasks({"s": frozenset({0})})),
        "b": MemberSpec("q", Tasks({}, {"s": frozenset({1})})),
        "c": MemberSpec("r"),
    }
    made = assign(members, {"s": kept(3)}, 0)
    assert made["b"].active == {"s": {1}}
    assert made["c"].active == {"s": {2}}


def test_a_standby_stays_where_the_state_is():
    members = {
        "a": MemberSpec("p", Tasks({"s": frozenset({0})}, {"s": frozenset({1})})),
        "b": MemberSpec("q", Tasks({"s": frozenset({1})}, {"s": frozenset({0})})),
        "c": MemberSpec("r"),
    }
    made = assign(members, {"s": kept(2)}, 1)
    assert made["a"] == members["a"].before
    assert made["b"].active == {"s": {1}}
    assert sum(len(each.standby.get("s", ())) for each in made.values()) == 2


def test_a_process_never_has_a_task_twice():
    members = {"a": MemberSpec("p"), "b": MemberSpec("p")}
    made = assign(members, {"s": kept(2)}, 2)
    assert all(not each.standby for each in made.values())


def test_tasks_without_state_have_no_standbys():
    made = assign({"a": MemberSpec("p"), "b": MemberSpec("q")}, {"s": plain(2)}, 1)
    assert all(not each.standby for each in made.values())


subtopologies = st.dictionaries(
    st.sampled_from("abc"),
    st.builds(SubtopologySpec, st.integers(1, 6), st.booleans()),
    min_size=1,
)
processes = st.lists(st.sampled_from(["p", "q", "r", "s"]), min_size=1, max_size=7)


@st.composite
def histories(draw):
    """Draw members that come and go, as lists of who is there each time."""
    named = {f"m{index}": each for index, each in enumerate(draw(processes))}
    steps = draw(
        st.lists(st.sets(st.sampled_from(sorted(named)), min_size=1), min_size=1, max_size=4)
    )
    return [{each: named[each] for each in step} for step in steps]


@given(histories(), subtopologies, st.integers(0, 2))
@settings(max_examples=300, deadline=None)
def test_what_always_holds(history, parts, standby_count):
    made: dict[str, Tasks] = {}
    for members in history:
        specs = {each: MemberSpec(p, made.get(each, Tasks())) for each, p in members.items()}
        made = assign(specs, parts, standby_count)
        check(made, members, parts, standby_count)
    again = assign(
        {each: MemberSpec(process, made[each]) for each, process in history[-1].items()},
        parts,
        standby_count,
    )
    check_sticky(made, again, standby_count)


def check(made, members, parts, standby_count):
    """Everything is assigned once, no process has a task twice, and the load is even."""
    assert made.keys() == members.keys()
    wanted = {(name, each) for name, spec in parts.items() for each in range(spec.task_count)}
    active = Counter(task for each in made.values() for task in listed(each.active))
    assert active == Counter(wanted)
    count_of_processes = len(set(members.values()))
    standby = Counter(task for each in made.values() for task in listed(each.standby))
    for name, spec in parts.items():
        expected = min(standby_count, count_of_processes - 1) if spec.is_stateful else 0
        for partition in range(spec.task_count):
            assert standby[name, partition] == expected
    for process in set(members.values()):
        tasks = Counter(
            task
            for each, where in members.items()
            if where == process
            for kind in (made[each].active, made[each].standby)
            for task in listed(kind)
        )
        assert all(count == 1 for count in tasks.values())
    if standby_count == 0:
        sizes = [size(each) for each in made.values()]
        assert max(sizes) - min(sizes) <= 1 or count_of_processes < len(members)
        assert max(sizes) <= -(-len(wanted) // len(members)) + 1


def check_sticky(made, again, standby_count):
    """With the same members, active tasks stay where they are."""
    if standby_count == 0:
        assert again == made
    else:
        assert {each: part.active for each, part in again.items()} == {
            each: part.active for each, part in made.items()
        }


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_member_that_leaves_moves_only_its_own(count):
    specs = {f"m{each}": MemberSpec(f"p{each}") for each in range(4)}
    made = assign(specs, {"a": kept(12)}, count)
    left = {each: MemberSpec(f"p{each[1:]}", made[each]) for each in ("m0", "m1", "m2")}
    after = assign(left, {"a": kept(12)}, count)
    for each in left:
        assert made[each].active["a"] <= after[each].active["a"]
