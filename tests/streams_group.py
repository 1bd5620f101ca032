"""A member of a streams group, as far as its heartbeats: there is no client of ours that is one.

Invariant: the member has left when the block ends, and its group is empty.
Neighbours: tests of administration ask about the group; `tests.interop` has Kafka Streams itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from logcore.admin.admin import Admin
from logcore.admin.configs import Changes, Resource
from logcore.protocol.messages.streams_group_heartbeat import (
    StreamsGroupHeartbeatRequest,
    Subtopology,
    Topology,
)
from tests.eventually import eventually

LEAVING = -1


@contextmanager
def streams_member(admin: Admin, group: str, topic: str) -> Iterator[str]:
    """Join a group that counts what is in a topic; yields the member's id once it has its tasks."""
    member_id = f"member-of-{group}"
    part = Subtopology(subtopology_id="0", source_topics=[topic])
    epoch = 0

    def beat(**told: Any) -> Any:
        request = StreamsGroupHeartbeatRequest(
            group_id=group,
            member_id=member_id,
            **({"member_epoch": epoch} | told),
        )
        return admin._runner.run(admin._core._asking.coordinator("beat", group, request))

    joining = {
        "rebalance_timeout_ms": 60_000,
        "topology": Topology(epoch=0, subtopologies=[part]),
        "active_tasks": [],
        "standby_tasks": [],
        "warmup_tasks": [],
        "process_id": "process",
    }
    tasks: list[Any] = []

    def has_tasks() -> bool:
        nonlocal epoch
        response = beat(**({} if epoch else joining))
        epoch = response.member_epoch
        tasks.extend(response.active_tasks or ())
        return bool(tasks)

    at_once = Changes(set={"streams.initial.rebalance.delay.ms": "0"})
    admin.configs.alter({Resource.group(group): at_once}).raise_for_errors()
    eventually(has_tasks)
    beat(active_tasks=tasks, standby_tasks=[], warmup_tasks=[])
    yield member_id
    beat(member_epoch=LEAVING)
