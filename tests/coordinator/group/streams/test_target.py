"""The next target of a group."""

from logcore.coordinator.group.streams.configured import configure
from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.group.streams.target import STANDBY_COUNT, compute_targets
from logcore.coordinator.group.streams.tasks import NOTHING_TO_RUN
from logcore.coordinator.group.streams.topology import topology_of
from tests.coordinator.group.consumers import ConsumerCluster
from tests.coordinator.group.streams.streaming import stateful, tasks

MEMBERS = {each: StreamsMember(member_id=each, process_id=each) for each in ("a", "b")}


def configured(topics):
    return configure(topology_of(stateful()), ConsumerCluster(topics).topics)


def test_only_who_gets_something_else_is_named():
    ready = configured({"in": 2, "log": 2})
    first = compute_targets({"a": MEMBERS["a"]}, {}, ready, {})
    assert first.tasks == {"a": tasks(**{"0": [0, 1]})}
    assert first.changed == ["a"]
    second = compute_targets(MEMBERS, first.tasks, ready, {})
    assert second.changed == ["a", "b"]
    assert compute_targets(MEMBERS, second.tasks, ready, {}).changed == []


def test_standbys_as_the_settings_have_it():
    made = compute_targets(MEMBERS, {}, configured({"in": 2, "log": 2}), {STANDBY_COUNT: "1"})
    assert all(each.standby for each in made.tasks.values())


def test_nobody_runs_what_cannot_run():
    made = compute_targets(MEMBERS, {"a": tasks(x=[1])}, configured({"in": 2}), {})
    assert made.tasks == dict.fromkeys(MEMBERS, NOTHING_TO_RUN)
    assert made.changed == ["a", "b"]
    assert compute_targets(MEMBERS, made.tasks, configured({}), {}).changed == []
