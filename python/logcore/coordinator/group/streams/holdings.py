"""Which process has which task: what members have, and what they have yet to give up.

Invariant: a task is active in one process at most. Where records that compaction left say
otherwise, the last one replayed is right, and an earlier holder's end does not take it away.
Neighbours: `group` keeps one; `reconcile` asks it.
"""

from collections.abc import Iterator, Mapping

from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.group.streams.tasks import TaskId, TaskSets


class Holdings:
    """Tasks by process."""

    def __init__(self) -> None:
        self._active: dict[TaskId, str] = {}
        self._copies: dict[TaskId, list[str]] = {}

    def active_process(self, subtopology: str, partition: int) -> str | None:
        """Return the process where a task is active, if it is anywhere."""
        return self._active.get(TaskId(subtopology, partition))

    def has_copy(self, process_id: str, subtopology: str, partition: int) -> bool:
        """Whether a process has a standby or warm-up copy of a task."""
        return process_id in self._copies.get(TaskId(subtopology, partition), ())

    def add(self, member: StreamsMember) -> None:
        """Note what a member has."""
        process_id = member.process_id
        for task in active_of(member):
            self._active[task] = process_id
        for task in copies_of(member):
            self._copies.setdefault(task, []).append(process_id)

    def remove(self, member: StreamsMember) -> None:
        """Note that a member has nothing any more."""
        process_id = member.process_id
        for task in active_of(member):
            if self._active.get(task) == process_id:
                del self._active[task]
        for task in copies_of(member):
            processes = self._copies.get(task, [])
            if process_id in processes:
                processes.remove(process_id)
            if not processes:
                self._copies.pop(task, None)


def active_of(member: StreamsMember) -> Iterator[TaskId]:
    """Yield the active tasks that a member has, those it is to give up included."""
    for owned in (member.assigned, member.revoking):
        yield from _each(owned.active)


def copies_of(member: StreamsMember) -> Iterator[TaskId]:
    """Yield the copies that a member has, those it is to give up included."""
    for owned in (member.assigned, member.revoking):
        yield from _each(owned.standby)
        yield from _each(owned.warmup)


def _each(tasks: "TaskSets | Mapping[str, Mapping[int, int]]") -> Iterator[TaskId]:
    for subtopology, partitions in tasks.items():
        for partition in partitions:
            yield TaskId(subtopology, partition)
