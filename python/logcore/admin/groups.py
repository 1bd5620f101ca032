"""Groups of all kinds: list, describe and delete them, and their committed offsets.

Invariant: a group is asked of its coordinator, in the words of its kind; offsets are changed only
where nobody reads, which the broker checks.
Neighbours: `group_descriptions` reads answers; `share_groups` has the offsets of share groups.
Source: KIP-222, KIP-396, KIP-518, KIP-848, KIP-932, KIP-1071.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from logcore.admin.asking import Asking
from logcore.admin.group_descriptions import GroupDescription, described
from logcore.admin.part import Part
from logcore.admin.partition_results import (
    by_partition,
    indexes_by_topic,
    parts_by_topic,
)
from logcore.admin.results import Results, collect, error_of, nothing
from logcore.client.blocking import blocking
from logcore.client.positions import TopicPartition, check_offset
from logcore.common.errors import GroupIdNotFoundError, KafkaError
from logcore.protocol.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from logcore.protocol.messages.delete_groups import DeleteGroupsRequest
from logcore.protocol.messages.describe_groups import DescribeGroupsRequest
from logcore.protocol.messages.leave_group import LeaveGroupRequest, MemberIdentity
from logcore.protocol.messages.list_groups import ListGroupsRequest
from logcore.protocol.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
)
from logcore.protocol.messages.offset_delete import (
    OffsetDeleteRequest,
    OffsetDeleteRequestPartition,
    OffsetDeleteRequestTopic,
)
from logcore.protocol.messages.offset_fetch import (
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopics,
)
from logcore.protocol.messages.share_group_describe import ShareGroupDescribeRequest
from logcore.protocol.messages.streams_group_describe import StreamsGroupDescribeRequest
from logcore.protocol.schema import Message

_NAMES_UNTIL: Final = 9
"""The last version of offset requests that names topics, rather than their ids."""


@dataclass(frozen=True, slots=True)
class ListedGroup:
    """A group.

    Attributes:
        group_id: Its name.
        kind: "classic", "consumer", "share" or "streams"; None if the broker does not tell.
        state: Its state; None if the broker does not tell.
        protocol_type: What its members speak of, such as "consumer".
    """

    group_id: str
    kind: str | None
    state: str | None
    protocol_type: str


@dataclass(frozen=True, slots=True)
class CommittedOffset:
    """An offset that a group has committed.

    Attributes:
        offset: The next record to be read.
        leader_epoch: The epoch of the record before it, None if unknown.
        metadata: What the member wrote beside it.
    """

    offset: int
    leader_epoch: int | None = None
    metadata: str = ""


class AsyncGroups:
    """The groups of a cluster.

    Args:
        asking: What reaches the brokers.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list(
        self, *, kinds: Iterable[str] = (), states: Iterable[str] = ()
    ) -> list[ListedGroup]:
        """Return the groups, in order of their names.

        Args:
            kinds: Only those of these kinds; all if none is named.
            states: Only those in these states; all if none is named.

        Raises:
            ClientError: If a broker does not answer in time.
        """
        request = ListGroupsRequest(states_filter=list(states), types_filter=list(kinds))
        answers = await self._asking.every_broker("list groups", request)
        found = {
            group.group_id: ListedGroup(
                group.group_id,
                group.group_type.lower() or None,
                group.group_state or None,
                group.protocol_type,
            )
            for answer in answers.values()
            for group in answer.groups
        }
        return [found[name] for name in sorted(found)]

    async def describe(
        self, *groups: str, with_operations: bool = False
    ) -> Results[str, GroupDescription]:
        """Describe groups of any kind.

        Args:
            groups: Their names.
            with_operations: Whether to tell what the asker may do with each.

        Returns:
            Each group, or why it cannot be described, by name.

        Raises:
            ClientError: If a broker does not answer in time.
        """
        kinds = {group.group_id: group.kind for group in await self.list()}
        answers = await asyncio.gather(
            *(self._describe(group, kinds.get(group), with_operations) for group in groups)
        )
        values: dict[str, GroupDescription] = {}
        errors: dict[str, KafkaError] = {}
        for group, answer in zip(groups, answers, strict=True):
            if isinstance(answer, KafkaError):
                errors[group] = answer
            else:
                values[group] = answer
        return Results(values, errors)

    async def delete(self, *groups: str) -> Results[str, None]:
        """Delete groups, with the offsets they committed.

        Returns:
            None, or why it was not deleted, by name.

        Raises:
            ClientError: If a broker does not answer in time.
        """
        values: dict[str, None] = {}
        errors: dict[str, KafkaError] = {}
        for group in groups:
            request = DeleteGroupsRequest(groups_names=[group])
            response = await self._asking.coordinator(
                "delete groups",
                group,
                request,
                lambda answer: [result.error_code for result in answer.results],
            )
            found = collect(response.results, lambda result: result.group_id, nothing)
            values |= found.succeeded
            errors |= found.errors
        return Results(values, errors)

    async def offsets(
        self,
        group: str,
        partitions: Iterable[TopicPartition] | None = None,
        *,
        require_stable: bool = False,
    ) -> Results[TopicPartition, CommittedOffset]:
        """Return the offsets that a group has committed; a partition without one is absent.

        Args:
            group: The group.
            partitions: Of which partitions; of all if None.
            require_stable: Whether to fail where a transaction has offsets pending.

        Raises:
            KafkaError: If the group's offsets cannot be had.
            ClientError: If a broker does not answer in time.
        """
        topics = None
        if partitions is not None:
            topics = [
                OffsetFetchRequestTopics(name=name, partition_indexes=indexes)
                for name, indexes in indexes_by_topic(partitions).items()
            ]
        request = OffsetFetchRequest(
            groups=[OffsetFetchRequestGroup(group_id=group, topics=topics)],
            require_stable=require_stable,
        )
        response = await self._asking.coordinator(
            "fetch offsets",
            group,
            request,
            lambda answer: [one.error_code for one in answer.groups],
            at_most=_NAMES_UNTIL,
        )
        answer = response.groups[0]
        if answer.error_code:
            raise error_of(answer.error_code, None, f"offsets of group {group}")
        return by_partition(answer.topics, _committed, lambda part: part.committed_offset >= 0)

    async def set_offsets(
        self, group: str, offsets: Mapping[TopicPartition, CommittedOffset | int]
    ) -> Results[TopicPartition, None]:
        """Set the offsets of a group that nobody reads by.

        Returns:
            None, or why it was not set, by partition.

        Raises:
            ValueError: If an offset is negative; none is set then.
            ClientError: If a broker does not answer in time.
        """
        given = {
            place: one if isinstance(one, CommittedOffset) else CommittedOffset(one)
            for place, one in offsets.items()
        }
        for place, one in given.items():
            check_offset(place, one.offset)
        topics = parts_by_topic(given, _commit)
        request = OffsetCommitRequest(
            group_id=group,
            topics=[
                OffsetCommitRequestTopic(name=name, partitions=of) for name, of in topics.items()
            ],
        )
        response = await self._asking.coordinator(
            "set offsets", group, request, _codes_of_partitions, at_most=_NAMES_UNTIL
        )
        return by_partition(response.topics, nothing)

    async def delete_offsets(
        self, group: str, partitions: Iterable[TopicPartition]
    ) -> Results[TopicPartition, None]:
        """Delete offsets of a group, of topics that it does not read any more.

        Returns:
            None, or why it was not deleted, by partition.

        Raises:
            KafkaError: If none was.
            ClientError: If a broker does not answer in time.
        """
        topics = [
            OffsetDeleteRequestTopic(
                name=name,
                partitions=[OffsetDeleteRequestPartition(partition_index=at) for at in indexes],
            )
            for name, indexes in indexes_by_topic(partitions).items()
        ]
        request = OffsetDeleteRequest(group_id=group, topics=topics)
        response = await self._asking.coordinator("delete offsets", group, request)
        return by_partition(response.topics, nothing)

    async def remove_members(
        self,
        group: str,
        *,
        member_ids: Iterable[str] = (),
        instance_ids: Iterable[str] = (),
        reason: str | None = None,
    ) -> Results[str, None]:
        """Remove members of a classic group: by their ids, static ones by their instance ids.

        Returns:
            None, or why it is still there, by the id that was given.

        Raises:
            KafkaError: If none was removed.
            ClientError: If a broker does not answer in time.
        """
        members = [
            *(MemberIdentity(member_id=one, reason=reason) for one in member_ids),
            *(
                MemberIdentity(member_id="", group_instance_id=one, reason=reason)
                for one in instance_ids
            ),
        ]
        request = LeaveGroupRequest(group_id=group, members=members)
        response = await self._asking.coordinator("remove members", group, request)
        return collect(
            response.members, lambda member: member.group_instance_id or member.member_id, nothing
        )

    async def remove_all_members(
        self, group: str, *, reason: str | None = None
    ) -> Results[str, None]:
        """Remove every member that a classic group has now.

        Returns:
            None, or why it is still there, by instance id, of those without one by member id.

        Raises:
            KafkaError: If none was removed, or the group is not there.
            ClientError: If a broker does not answer in time.
        """
        members = (await self.describe(group))[group].members
        if not members:
            return Results({})
        return await self.remove_members(
            group,
            member_ids=[one.member_id for one in members if one.instance_id is None],
            instance_ids=[one.instance_id for one in members if one.instance_id is not None],
            reason=reason,
        )

    async def _describe(
        self, group: str, kind: str | None, with_operations: bool
    ) -> GroupDescription | KafkaError:
        response = await self._asking.coordinator(
            "describe groups",
            group,
            _describe_request(group, kind, with_operations),
            lambda answer: [one.error_code for one in answer.groups],
        )
        answer = response.groups[0]
        if answer.error_code:
            return error_of(
                answer.error_code, getattr(answer, "error_message", None), f"group {group}"
            )
        if kind is None and answer.group_state == "Dead":
            return GroupIdNotFoundError(f"there is no group {group}")
        return described(answer, kind or "classic")


class Groups(Part):
    """Groups; see `AsyncGroups`."""

    list = blocking(AsyncGroups.list)
    describe = blocking(AsyncGroups.describe)
    delete = blocking(AsyncGroups.delete)
    offsets = blocking(AsyncGroups.offsets)
    set_offsets = blocking(AsyncGroups.set_offsets)
    delete_offsets = blocking(AsyncGroups.delete_offsets)
    remove_members = blocking(AsyncGroups.remove_members)
    remove_all_members = blocking(AsyncGroups.remove_all_members)


def _describe_request(group: str, kind: str | None, with_operations: bool) -> Message:
    request = {
        "consumer": ConsumerGroupDescribeRequest,
        "share": ShareGroupDescribeRequest,
        "streams": StreamsGroupDescribeRequest,
    }.get(kind or "")
    if request is None:
        return DescribeGroupsRequest(groups=[group], include_authorized_operations=with_operations)
    return request(group_ids=[group], include_authorized_operations=with_operations)


def _commit(partition: int, committed: CommittedOffset) -> OffsetCommitRequestPartition:
    return OffsetCommitRequestPartition(
        partition_index=partition,
        committed_offset=committed.offset,
        committed_leader_epoch=-1 if committed.leader_epoch is None else committed.leader_epoch,
        committed_metadata=committed.metadata,
    )


def _committed(part: Any) -> CommittedOffset:  # noqa: ANN401 - of OffsetFetch's response
    epoch = part.committed_leader_epoch
    return CommittedOffset(part.committed_offset, None if epoch < 0 else epoch, part.metadata or "")


def _codes_of_partitions(response: Any) -> list[int]:  # noqa: ANN401 - of OffsetCommit
    return [part.error_code for topic in response.topics for part in topic.partitions]
