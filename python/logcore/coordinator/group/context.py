"""What the protocols of a shard work with, and who calls them.

Invariant: everything that is not the shard's own state is a seam here: time, timers, topics, the
settings of single groups. A protocol is constructed with one `ShardContext` and keeps nothing else.
Neighbours: `shard` makes it; `classic*`, `consumer*` and `offsets` take it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from logcore.common.clock import Clock
from logcore.coordinator.group.settings import GroupSettings
from logcore.coordinator.group.state import GroupState
from logcore.coordinator.timers import Timers

MayDescribe = Callable[[str], bool]
"""Tells whether the member that subscribes may know of a topic."""


class Caller(NamedTuple):
    """Who sent a request, and in which version.

    Attributes:
        version: The version of the API.
        client_id: What the client calls itself; empty if it does not say.
        client_host: Its address as Kafka spells it, with a leading slash.
    """

    version: int
    client_id: str = ""
    client_host: str = ""


class TopicView(Protocol):
    """A topic, as far as groups are concerned."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def topic_id(self) -> bytes:
        """Its id."""

    @property
    def partitions(self) -> Sequence[object]:
        """One entry for each partition."""


class TopicsView(Protocol):
    """The topics of the cluster at one moment."""

    @property
    def topics_by_name(self) -> Mapping[str, TopicView]:
        """All of them by name."""

    @property
    def topics_by_id(self) -> Mapping[bytes, TopicView]:
        """All of them by id."""


Topics = Callable[[], TopicsView]
"""Returns the topics as they are now."""

GroupConfig = Callable[[str], Mapping[str, Any]]
"""Returns the effective settings of one group, by Kafka's keys."""


@dataclass(slots=True)
class ShardContext:
    """What the protocols of one shard work with.

    Attributes:
        state: Groups and offsets.
        settings: The coordinator's settings.
        clock: What time it is.
        timers: What runs later, as a write of its group.
        topics: Returns the topics as they are now.
        group_config: Returns the effective settings of one group, by Kafka's keys.
    """

    state: GroupState
    settings: GroupSettings
    clock: Clock
    timers: Timers
    topics: Topics
    group_config: GroupConfig
