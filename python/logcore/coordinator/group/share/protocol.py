"""Share groups: everything that a shard does with them.

Invariant: a group changes in the replay of its records alone. What a method decides about states of
partitions is written before the share coordinator is asked, or after it has answered, never in
between: `service` goes through the steps.
Neighbours: `heartbeat` serves members; `partitions` is what is known of states.
Source: Apache Kafka 4.3, the rules of `GroupMetadataManager` for share groups.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from logcore.common.errors import GroupIdNotFoundError, NonEmptyGroupError
from logcore.coordinator.group.context import Caller, ShardContext
from logcore.coordinator.group.share import records
from logcore.coordinator.group.share.describe import describe
from logcore.coordinator.group.share.group import ShareGroup
from logcore.coordinator.group.share.heartbeat import Heard, ShareHeartbeat
from logcore.coordinator.group.share.partitions import Places, StatePartitions, TopicState
from logcore.coordinator.group.share.replay import replayers
from logcore.coordinator.group.share.sessions import ShareSessions
from logcore.coordinator.group.state import Replayer
from logcore.coordinator.result import NOTHING, CoordinatorResult
from logcore.protocol.messages.share_group_describe import DescribedGroup
from logcore.protocol.messages.share_group_heartbeat import ShareGroupHeartbeatRequest


class ShareProtocol:
    """Serves the share groups of a shard.

    Args:
        context: The shard's groups, timers and settings.
    """

    def __init__(self, context: ShardContext) -> None:
        self._context = context
        self._sessions = ShareSessions(context)
        self._heartbeat = ShareHeartbeat(context, self._sessions)

    def group(self, group_id: str) -> ShareGroup | None:
        """Find a share group; None if there is none of this id, or one of another kind."""
        group = self._context.state.groups.get(group_id)
        return group if isinstance(group, ShareGroup) else None

    def existing(self, group_id: str) -> ShareGroup:
        """Find a share group.

        Raises:
            GroupIdNotFoundError: If there is none of this id, or one of another kind.
        """
        group = self._context.state.group(group_id)
        if not isinstance(group, ShareGroup):
            raise GroupIdNotFoundError(f"Group {group_id} is not a share group.")
        return group

    def heartbeat(
        self, caller: Caller, request: ShareGroupHeartbeatRequest
    ) -> CoordinatorResult[Heard]:
        """Hear of a member.

        Raises:
            KafkaError: What to answer.
        """
        return self._heartbeat.heartbeat(caller, request)

    def describe(self, group_id: str) -> DescribedGroup:
        """Describe a group.

        Raises:
            GroupIdNotFoundError: If it is not there.
        """
        return describe(self.existing(group_id), self._context.topics())

    # ------------------------------------------------------------ states of partitions

    def note_begun(
        self, group_id: str, begun: Places, not_begun: Places
    ) -> CoordinatorResult[None]:
        """Note which states are there now, and which could not be begun."""
        group = self.group(group_id)
        if group is None or group.partitions is None:
            return NOTHING
        return self._change(group, lambda known: known.begun(begun).not_begun(not_begun))

    def _change(
        self, group: ShareGroup, change: Callable[[StatePartitions], StatePartitions]
    ) -> CoordinatorResult[None]:
        """Write down what is known of a group's states once it is changed; nothing if it is not."""
        before = group.partitions or StatePartitions()
        after = change(before)
        if after == before:
            return NOTHING
        return CoordinatorResult([records.state_partitions(group.group_id, after)])

    def begin_delete(self, group_id: str) -> CoordinatorResult[Places]:
        """Begin to forget all states of a group that is to be deleted; return them.

        A group of another kind has none, and one that is not there neither.

        Raises:
            NonEmptyGroupError: If it is in use.
        """
        group = self.group(group_id)
        if group is None or group.partitions is None:
            return CoordinatorResult((), {})
        group.validate_delete()
        known = group.partitions
        topic_ids = {*known.initializing, *known.initialized, *known.deleting}
        places = {topic_id: self._all_of(known, topic_id) for topic_id in topic_ids}
        changed = self._change(group, lambda known: known.forgetting(topic_ids))
        return changed.with_response({key: each for key, each in places.items() if each})

    def _all_of(self, known: StatePartitions, topic_id: bytes) -> frozenset[int]:
        """Return the partitions of a topic that may have a state."""
        if topic_id not in known.deleting:
            return known.partitions_of(topic_id)
        topic = self._context.topics().topics_by_id.get(topic_id)
        return frozenset(() if topic is None else range(len(topic.partitions)))

    def groups_with(self, topic_id: bytes) -> list[str]:
        """Return the share groups that know of a topic."""
        return [
            group.group_id
            for group in self._context.state.groups.values()
            if isinstance(group, ShareGroup)
            and group.partitions is not None
            and group.partitions.has(topic_id)
        ]

    def forget_topic(self, group_id: str, topic_id: bytes) -> CoordinatorResult[None]:
        """Forget a topic that is gone."""
        group = self.group(group_id)
        if group is None or group.partitions is None or not group.partitions.has(topic_id):
            return NOTHING
        return self._change(group, lambda known: known.without(topic_id))

    # ------------------------------------------------------------ offsets

    def begin_alter(
        self, group_id: str, places: Mapping[bytes, TopicState]
    ) -> CoordinatorResult[int]:
        """Begin to set offsets anew; return the group's epoch for their states.

        A group that is not there is made.

        Raises:
            GroupIdNotFoundError: If the group is of another kind.
            NonEmptyGroupError: If it is in use.
        """
        found = self._context.state.groups.get(group_id)
        group = ShareGroup(group_id) if found is None else self.existing(group_id)
        if group.members:
            raise NonEmptyGroupError("The group is not empty.")
        changed = self._change(group, lambda known: known.beginning(places))
        return changed.with_response(group.epoch)

    def begin_delete_offsets(
        self, group_id: str, names: Iterable[str]
    ) -> CoordinatorResult[dict[str, tuple[bytes, frozenset[int]]]]:
        """Begin to forget the states of topics; return their ids and partitions by name.

        A topic without states is not among them.

        Raises:
            GroupIdNotFoundError: If there is no such share group.
            NonEmptyGroupError: If it is in use.
        """
        group = self.existing(group_id)
        group.validate_delete()
        known = group.partitions or StatePartitions()
        by_name = self._context.topics().topics_by_name
        found: dict[str, tuple[bytes, frozenset[int]]] = {}
        for name in names:
            topic = by_name.get(name)
            if topic is None:
                continue
            topic_id = topic.topic_id
            if topic_id in known.initialized:
                found[name] = (topic_id, known.initialized[topic_id].partitions)
            elif topic_id in known.deleting:
                found[name] = (topic_id, frozenset(range(len(topic.partitions))))
        changed = self._change(
            group, lambda known: known.forgetting(topic_id for topic_id, _ in found.values())
        )
        return changed.with_response(found)

    def end_delete_offsets(
        self, group_id: str, topic_ids: Iterable[bytes]
    ) -> CoordinatorResult[None]:
        """Note that the states of topics are forgotten."""
        group = self.group(group_id)
        if group is None:
            return NOTHING
        return self._change(group, lambda known: known.forgotten(topic_ids))

    def initialized(self, group_id: str) -> Mapping[bytes, TopicState]:
        """Return the partitions with a state, by topic; none if there is no such group."""
        group = self.group(group_id)
        return {} if group is None or group.partitions is None else group.partitions.initialized

    # ------------------------------------------------------------ records

    def replayers(self) -> Mapping[type[Any], Replayer]:
        """Say what applies the records of share groups."""
        return replayers(self._context.state, self._context.clock)

    def on_loaded(self) -> None:
        """Give every member that was loaded a session's time to be heard of."""
        self._sessions.on_loaded()
