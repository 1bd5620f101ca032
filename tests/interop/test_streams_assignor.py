"""Our assignor of streams groups beside Apache Kafka's own, on random groups that change.

Where processes are equally loaded either may take a task, so that assignments need not be equal.
Invariant: as many standbys find a place; over all groups ours are no less even, and keep as much.
"""

import random
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import pytest

from logcore.coordinator.group.streams.assignor import MemberSpec, SubtopologySpec, assign
from logcore.coordinator.group.streams.tasks import Tasks
from tests.interop.java_program import java_command

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

PROGRAM = Path(__file__).with_name("StreamsAssignor.java")
GROUPS = 500
CHANGES = 4

_Members = Mapping[str, MemberSpec]
_Parts = Mapping[str, SubtopologySpec]
_Made = Mapping[str, Tasks]


def text(tasks: Mapping[str, frozenset[int]]) -> str:
    return ";".join(f"{name}-{each}" for name, all_ in tasks.items() for each in sorted(all_))


def parsed(written: str) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for each in filter(None, written.split(";")):
        name, _, partition = each.rpartition("-")
        found.setdefault(name, set()).add(int(partition))
    return {name: frozenset(partitions) for name, partitions in found.items()}


class Kafkas:
    """Kafka's assignor, in a process of its own."""

    def __init__(self, asked: IO[str], answers: IO[str]) -> None:
        self.asked, self.answers = asked, answers

    def assign(self, members: _Members, parts: _Parts, standbys: int) -> dict[str, Tasks]:
        told = [f"{name}:{spec.task_count}:{int(spec.is_stateful)}" for name, spec in parts.items()]
        rows = [
            f"{name}:{member.process_id}:{text(member.before.active)}:{text(member.before.standby)}"
            for name, member in members.items()
        ]
        self.asked.write("|".join([str(standbys), ",".join(told), *rows]) + "\n")
        self.asked.flush()
        made = (each.split(":") for each in self.answers.readline().strip().split("|"))
        return {name: Tasks(parsed(active), parsed(standby)) for name, active, standby in made}


@contextmanager
def kafkas_assignor() -> Iterator[Kafkas]:
    with subprocess.Popen(
        java_command(PROGRAM), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Kafkas(process.stdin, process.stdout)
        process.stdin.close()


class Measured(NamedTuple):
    """What an assignment is worth.

    Attributes:
        spread: How many tasks for each of its threads the busiest process has more than the idlest.
        standbys: How many standbys have a place.
        kept: How many tasks, active or standing by, are where their state was.
    """

    spread: float
    standbys: int
    kept: int


def flat(tasks: Mapping[str, frozenset[int]]) -> set[tuple[str, int]]:
    return {(name, each) for name, all_ in tasks.items() for each in all_}


def measured(members: _Members, made: _Made) -> Measured:
    threads = Counter(member.process_id for member in members.values())
    loads: Counter[str] = Counter()
    kept = 0
    for name, tasks in made.items():
        active, standby = flat(tasks.active), flat(tasks.standby)
        before = members[name].before
        loads[members[name].process_id] += len(active) + len(standby)
        kept += len((active | standby) & (flat(before.active) | flat(before.standby)))
    each = [loads[process] / count for process, count in threads.items()]
    return Measured(
        max(each) - min(each), sum(len(flat(tasks.standby)) for tasks in made.values()), kept
    )


def test_it_assigns_as_well_as_apache_kafkas():
    chance = random.Random(7)
    ours, theirs, equal = [], [], 0
    with kafkas_assignor() as kafkas:
        for _ in range(GROUPS):
            standbys = chance.randint(0, 2)
            parts = {
                name: SubtopologySpec(chance.randint(1, 8), chance.random() < 0.6)
                for name in sorted(chance.sample("abc", chance.randint(1, 3)))
            }
            processes = {f"m{each}": chance.choice("pqrst") for each in range(chance.randint(1, 8))}
            before: _Made = {}
            for _ in range(CHANGES):
                here = [each for each in processes if chance.random() < 0.75] or list(processes)
                members = {
                    each: MemberSpec(processes[each], before.get(each, Tasks())) for each in here
                }
                made = assign(members, parts, standbys), kafkas.assign(members, parts, standbys)
                ours.append(measured(members, made[0]))
                theirs.append(measured(members, made[1]))
                equal += made[0] == made[1]
                before = chance.choice(made)
    assert [each.standbys for each in ours] == [each.standbys for each in theirs]
    assert sum(each.spread for each in ours) <= sum(each.spread for each in theirs)
    assert sum(each.kept for each in ours) >= 0.995 * sum(each.kept for each in theirs)
    assert equal > len(ours) / 2
