"""A process with its members, while tasks are being assigned: who has how many.

Invariant: a task is in a process once at most, active or as a copy; the load is tasks by members.
Neighbours: `assignor` fills it.
"""

from logcore.coordinator.group.streams.tasks import NOTHING_TO_RUN, TaskId, Tasks


class Process:
    """One process.

    Args:
        process_id: Its id.
    """

    def __init__(self, process_id: str) -> None:
        self.process_id = process_id
        self._tasks: set[TaskId] = set()
        self._active: dict[str, list[TaskId]] = {}
        self._standby: dict[str, list[TaskId]] = {}

    @property
    def load(self) -> float:
        """How many tasks it has for each of its members."""
        return len(self._tasks) / len(self._active)

    @property
    def count_min(self) -> int:
        """How many tasks the member has that has the fewest."""
        return min(map(self.count, self._active))

    def add_member(self, member_id: str) -> None:
        """Take a member in that has nothing yet."""
        self._active[member_id] = []
        self._standby[member_id] = []

    def has(self, task: TaskId) -> bool:
        """Whether one of its members has a task."""
        return task in self._tasks

    def count(self, member_id: str) -> int:
        """Return how many tasks a member has."""
        return len(self._active[member_id]) + len(self._standby[member_id])

    def add(self, member_id: str, task: TaskId, *, is_active: bool) -> int:
        """Give a member a task; return how many it has then."""
        assert task not in self._tasks, "a process has a task once"
        self._tasks.add(task)
        (self._active if is_active else self._standby)[member_id].append(task)
        return self.count(member_id)

    def add_to_idlest(self, task: TaskId, *, is_active: bool) -> int:
        """Give a task to the member that has the fewest; return how many it has then."""
        return self.add(min(self._active, key=self.count), task, is_active=is_active)

    def assigned(self) -> dict[str, Tasks]:
        """Return the tasks of each member."""
        return {
            member_id: Tasks(compact(active), compact(self._standby[member_id]))
            if active or self._standby[member_id]
            else NOTHING_TO_RUN
            for member_id, active in self._active.items()
        }


def compact(tasks: list[TaskId]) -> dict[str, frozenset[int]]:
    """Return tasks by their subtopologies."""
    found: dict[str, set[int]] = {}
    for task in tasks:
        found.setdefault(task.subtopology, set()).add(task.partition)
    return {name: frozenset(partitions) for name, partitions in found.items()}
