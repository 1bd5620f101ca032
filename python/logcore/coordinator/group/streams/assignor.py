"""The sticky assignor of tasks: evenly over members, and where they were as far as that allows.

Active tasks stay with who had them, else go to a standby, else to the process with the least load
for its threads. Standbys of tasks with state follow, never in a process that has the task already.
Invariant: every task is active in exactly one member; a member gets more than its even share only
where tasks are left over.
Neighbours: `target` asks for all members at once; `process` counts loads.
Source: Apache Kafka 4.3, the rules of `StickyTaskAssignor`.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

from logcore.coordinator.group.streams.process import Process
from logcore.coordinator.group.streams.tasks import NOTHING_TO_RUN, TaskId, Tasks

logger = logging.getLogger(__name__)

NAME: Final = "sticky"


class SubtopologySpec(NamedTuple):
    """A subtopology, as far as assigning goes.

    Attributes:
        task_count: How many tasks it has.
        is_stateful: Whether they have state, so that standbys make sense.
    """

    task_count: int
    is_stateful: bool


class MemberSpec(NamedTuple):
    """A member, as far as assigning goes.

    Attributes:
        process_id: The process that it is a thread of.
        before: What was its target until now.
    """

    process_id: str
    before: Tasks = NOTHING_TO_RUN


class _Place(NamedTuple):
    process: Process
    member_id: str


def assign(
    members: Mapping[str, MemberSpec],
    subtopologies: Mapping[str, SubtopologySpec],
    standby_count: int,
) -> dict[str, Tasks]:
    """Assign the tasks of a topology.

    Args:
        members: Who is there, by member id.
        subtopologies: What is to be run.
        standby_count: How many standbys each task with state is to have.

    Returns:
        The tasks of every member.
    """
    if not members:
        return {}
    return _Assignment(members, subtopologies, standby_count).assigned()


class _Quota:
    """How many tasks a member may have before the others must have as many.

    A member that reaches it takes its tasks out of the count, so that the rest is shared evenly.
    """

    def __init__(self, task_count: int, member_count: int) -> None:
        self._left = task_count
        self._members = member_count
        self._share()

    def _share(self) -> None:
        self.per_member = -(-self._left // self._members) if self._members > 0 else 0

    def note(self, count: int) -> None:
        """Note how many tasks a member has that just got one."""
        if count == self.per_member:
            self._members -= 1
            self._left -= count
            self._share()


class _Assignment:
    def __init__(
        self,
        members: Mapping[str, MemberSpec],
        subtopologies: Mapping[str, SubtopologySpec],
        standby_count: int,
    ) -> None:
        self._standby_count = standby_count
        self._active = tasks_of(subtopologies, lambda _: True)
        self._stateful = tasks_of(subtopologies, lambda each: each.is_stateful)
        copies = len(self._stateful) * standby_count
        self._active_quota = _Quota(len(self._active), len(members))
        self._quota = _Quota(len(self._active) + copies, len(members))
        self._processes: dict[str, Process] = {}
        self._active_before: dict[TaskId, _Place] = {}
        self._standby_before: dict[TaskId, list[_Place]] = {}
        for member_id, member in members.items():
            self._take_in(member_id, member)

    def _take_in(self, member_id: str, member: MemberSpec) -> None:
        process = self._processes.setdefault(member.process_id, Process(member.process_id))
        process.add_member(member_id)
        place = _Place(process, member_id)
        for name, partitions in member.before.active.items():
            for partition in partitions:
                self._active_before[TaskId(name, partition)] = place
        for name, partitions in member.before.standby.items():
            for partition in partitions:
                self._standby_before.setdefault(TaskId(name, partition), []).append(place)

    def assigned(self) -> dict[str, Tasks]:
        """Assign everything."""
        self._assign_active()
        if self._standby_count > 0:
            self._assign_standby()
        return {
            member_id: tasks
            for process in self._processes.values()
            for member_id, tasks in process.assigned().items()
        }

    # ------------------------------------------------------------ active tasks

    def _assign_active(self) -> None:
        by_partition = sorted(self._active, key=lambda task: (task.partition, task.subtopology))
        left = [task for task in by_partition if not self._keep(task)]
        left = [task for task in left if not self._promote(task)]
        heap = self._by_load()
        for task in sorted(left):
            process = heap.pop()
            self._note_active(process.add_to_idlest(task, is_active=True))
            heap.push(process)

    def _keep(self, task: TaskId) -> bool:
        """Leave a task where it was active; return whether there is room."""
        return self._activate(task, self._active_before.get(task))

    def _promote(self, task: TaskId) -> bool:
        """Make the idlest of a task's standbys active; return whether there is room."""
        return self._activate(task, idlest(self._standby_before.get(task, ())))

    def _activate(self, task: TaskId, place: _Place | None) -> bool:
        if place is None or place.process.count(place.member_id) >= self._active_quota.per_member:
            return False
        self._note_active(place.process.add(place.member_id, task, is_active=True))
        return True

    def _note_active(self, count: int) -> None:
        self._active_quota.note(count)
        self._quota.note(count)

    # ------------------------------------------------------------ standbys

    def _assign_standby(self) -> None:
        left: list[tuple[TaskId, int]] = []
        by_partition = sorted(
            self._stateful, key=lambda task: (task.partition, task.subtopology), reverse=True
        )
        for task in by_partition:
            kept = 0
            while kept < self._standby_count and self._keep_standby(task):
                kept += 1
            if kept < self._standby_count:
                left.append((task, self._standby_count - kept))
        heap = self._by_load()
        missing = 0
        for task, count in sorted(left, reverse=True):
            placed = 0
            while placed < count and self._place_standby(heap, task):
                placed += 1
            missing += count - placed
        if missing:
            logger.info("%d standbys found no process: there are too few of them", missing)

    def _keep_standby(self, task: TaskId) -> bool:
        """Put a standby where the task's state is: where it was active, or stood by."""
        places = [self._active_before.get(task), self._idlest_standby(task)]
        for place in places:
            if (
                place is not None
                and not place.process.has(task)
                and place.process.count(place.member_id) < self._quota.per_member
            ):
                self._quota.note(place.process.add(place.member_id, task, is_active=False))
                return True
        return False

    def _idlest_standby(self, task: TaskId) -> _Place | None:
        before = self._standby_before.get(task, ())
        return idlest([place for place in before if not place.process.has(task)])

    def _place_standby(self, heap: "_ByLoad", task: TaskId) -> bool:
        """Put a standby into the idlest process without the task; return whether there is one."""
        passed: list[Process] = []
        is_placed = False
        while heap and not is_placed:
            process = heap.pop()
            passed.append(process)
            if not process.has(task):
                self._quota.note(process.add_to_idlest(task, is_active=False))
                is_placed = True
        for process in passed:
            heap.push(process)
        return is_placed

    def _by_load(self) -> "_ByLoad":
        return _ByLoad(list(self._processes.values()))


_Entry = tuple[float, int, int, Process]


class _ByLoad:
    """Processes, the one with the least load first; among equals, the one with an idler member."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self._order = {process.process_id: index for index, process in enumerate(processes)}
        self._heap = [self._entry(process) for process in processes]
        heapify(self._heap)

    def _entry(self, process: Process) -> _Entry:
        return process.load, process.count_min, self._order[process.process_id], process

    def __bool__(self) -> bool:
        return bool(self._heap)

    def pop(self) -> Process:
        """Take the first out."""
        return heappop(self._heap)[-1]

    def push(self, process: Process) -> None:
        """Put one back, with the load that it has now."""
        heappush(self._heap, self._entry(process))


def idlest(places: Sequence[_Place]) -> _Place | None:
    """Return the place with the least load, of its process first and of its member then."""
    return min(
        places,
        key=lambda place: (place.process.load, place.process.count(place.member_id)),
        default=None,
    )


def tasks_of(
    subtopologies: Mapping[str, SubtopologySpec], is_wanted: Callable[[SubtopologySpec], bool]
) -> list[TaskId]:
    """Return the tasks of some subtopologies."""
    return [
        TaskId(name, partition)
        for name, spec in subtopologies.items()
        if is_wanted(spec)
        for partition in range(spec.task_count)
    ]
