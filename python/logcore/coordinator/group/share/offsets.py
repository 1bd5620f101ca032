"""The offsets of share groups: described, set anew and deleted, over both coordinators.

Where a share group is in a partition is the start offset of its state. It is set anew by beginning
the state again, and deleted with the state.
Invariant: no method raises for what a client sent; what is changed is noted in the group before the
share coordinator is asked, so that a crash in between leaves nothing that is not tried again.
Neighbours: `service` of groups makes one; `protocol` decides, `states` is the share coordinator.
Source: Apache Kafka 4.3, the rules of `GroupCoordinatorService` for share groups' offsets.
"""

from collections.abc import Mapping
from typing import Final

from logcore.common.deferred import Deferred, gather
from logcore.common.errors import InvalidGroupIdError, KafkaError, UnknownTopicOrPartitionError
from logcore.common.uuids import ZERO_UUID
from logcore.coordinator.group.answers import kafka_error
from logcore.coordinator.group.context import Topics
from logcore.coordinator.group.share.partitions import TopicState
from logcore.coordinator.group.share.requests import Read, Write, places_of
from logcore.coordinator.group.share.states import ShareStates
from logcore.coordinator.share.state import (
    UNINITIALISED_OFFSET,
    UNKNOWN_COUNT,
    ShareKey,
    ShareState,
)
from logcore.protocol.messages.alter_share_group_offsets import (
    AlterShareGroupOffsetsRequest,
    AlterShareGroupOffsetsRequestTopic,
    AlterShareGroupOffsetsResponse,
    AlterShareGroupOffsetsResponsePartition,
    AlterShareGroupOffsetsResponseTopic,
)
from logcore.protocol.messages.delete_share_group_offsets import (
    DeleteShareGroupOffsetsRequest,
    DeleteShareGroupOffsetsResponse,
    DeleteShareGroupOffsetsResponseTopic,
)
from logcore.protocol.messages.describe_share_group_offsets import (
    DescribeShareGroupOffsetsRequestGroup,
    DescribeShareGroupOffsetsResponseGroup,
    DescribeShareGroupOffsetsResponsePartition,
    DescribeShareGroupOffsetsResponseTopic,
)

NOT_HOSTED: Final = "This server does not host this topic-partition."

UNKNOWN_LAG: Final = -1
"""The lag where delivery has not begun, or where the state does not tell."""

_Described = DescribeShareGroupOffsetsResponseTopic
_Altered = AlterShareGroupOffsetsResponsePartition


class ShareOffsets:
    """Serves the offsets of share groups of every shard.

    Args:
        write: Runs an operation of a group's shard as a write of that group.
        read: Asks the state of a group's shard.
        states: The share coordinator.
        topics: Returns the topics as they are now.
    """

    def __init__(self, write: Write, read: Read, states: ShareStates, topics: Topics) -> None:
        self._write = write
        self._read = read
        self._states = states
        self._topics = topics

    # ------------------------------------------------------------ describe

    def describe(
        self, request: DescribeShareGroupOffsetsRequestGroup
    ) -> Deferred[DescribeShareGroupOffsetsResponseGroup]:
        """Tell where a group is in the partitions asked for, or in all that it has a state of.

        A topic that is not there, and a state that is not begun, are told with offset -1.
        """
        topics = self._topics()
        try:
            asked = self._asked(request)
        except KafkaError as error:
            refused = DescribeShareGroupOffsetsResponseGroup(
                group_id=request.group_id, error_code=error.code, error_message=str(error) or None
            )
            return Deferred.of(refused)
        known: list[Deferred[_Described]] = []
        absent: list[_Described] = []
        for name, partitions in asked.items():
            topic = topics.topics_by_name.get(name)
            if topic is None:
                absent.append(
                    _described(name, ZERO_UUID, [_uninitialised(each) for each in partitions])
                )
            else:
                known.append(
                    self._describe_topic(request.group_id, name, topic.topic_id, partitions)
                )
        return gather(known).map(
            lambda told: DescribeShareGroupOffsetsResponseGroup(
                group_id=request.group_id, topics=[*(each.value() for each in told), *absent]
            )
        )

    def _asked(self, request: DescribeShareGroupOffsetsRequestGroup) -> dict[str, list[int]]:
        if request.topics is not None:
            return {topic.topic_name: topic.partitions for topic in request.topics}
        initialized: Mapping[bytes, TopicState] = self._read(
            request.group_id, lambda shard: shard.initialized(request.group_id)
        )
        by_id = self._topics().topics_by_id
        return {
            by_id[topic_id].name: sorted(topic.partitions)
            for topic_id, topic in initialized.items()
            if topic_id in by_id
        }

    def _describe_topic(
        self, group_id: str, name: str, topic_id: bytes, partitions: list[int]
    ) -> Deferred[_Described]:
        asked = [self._states.summary(ShareKey(group_id, topic_id, each)) for each in partitions]
        return gather(asked).map(
            lambda told: _described(
                name,
                topic_id,
                [
                    self._described_partition(name, partition, one)
                    for partition, one in zip(partitions, told, strict=True)
                ],
            )
        )

    def _described_partition(
        self, topic: str, partition: int, told: Deferred[ShareState | None]
    ) -> DescribeShareGroupOffsetsResponsePartition:
        state = None if told.error is not None else told.value()
        if state is None:
            return _uninitialised(partition)
        described = DescribeShareGroupOffsetsResponsePartition(
            partition_index=partition,
            start_offset=state.start_offset,
            leader_epoch=state.leader_epoch,
            lag=UNKNOWN_LAG,
        )
        if (
            state.start_offset == UNINITIALISED_OFFSET
            or state.delivery_complete_count == UNKNOWN_COUNT
        ):
            return described
        try:
            end_offset = self._states.end_offset(topic, partition)
        except KafkaError as error:
            return DescribeShareGroupOffsetsResponsePartition(
                partition_index=partition, error_code=error.code, error_message=str(error) or None
            )
        described.lag = end_offset - state.start_offset - state.delivery_complete_count
        return described

    # ------------------------------------------------------------ alter

    def alter(
        self, request: AlterShareGroupOffsetsRequest
    ) -> Deferred[AlterShareGroupOffsetsResponse]:
        """Set offsets of a group that nobody uses anew."""
        if not request.group_id:
            return Deferred.of(_alter_refused(InvalidGroupIdError("The group id is invalid.")))
        answer: Deferred[AlterShareGroupOffsetsResponse] = Deferred()
        results, offsets = self._sort_out(request)

        def begin(noted: Deferred[int]) -> None:
            if noted.error is not None:
                answer.complete(_alter_refused(kafka_error(noted.error)))
                return
            asked = [
                self._states.initialise(key, noted.value(), offset)
                for key, (offset, _) in offsets.items()
            ]
            gather(asked).then(finish)

        def finish(asked: Deferred[list[Deferred[None]]]) -> None:
            begun = []
            for (key, (_, result)), one in zip(offsets.items(), asked.value(), strict=True):
                if one.error is None:
                    begun.append(key)
                else:
                    error = kafka_error(one.error)
                    result.error_code, result.error_message = error.code, str(error) or None
            response = AlterShareGroupOffsetsResponse(responses=results)
            not_begun = places_of(key for key in offsets if key not in frozenset(begun))
            self._write(
                request.group_id,
                lambda shard: shard.note_begun(request.group_id, places_of(begun), not_begun),
            ).then(
                lambda noted: answer.complete(
                    response if noted.error is None else _alter_refused(kafka_error(noted.error))
                )
            )

        names = {topic.topic_id: topic.topic_name for topic in results}
        places = {
            topic_id: TopicState(names[topic_id], partitions)
            for topic_id, partitions in places_of(offsets).items()
        }
        self._write(
            request.group_id, lambda shard: shard.begin_alter(request.group_id, places)
        ).then(begin)
        return answer

    def _sort_out(
        self, request: AlterShareGroupOffsetsRequest
    ) -> tuple[list[AlterShareGroupOffsetsResponseTopic], dict[ShareKey, tuple[int, _Altered]]]:
        """Return the results as they are if all goes well, and offsets by key."""
        results: list[AlterShareGroupOffsetsResponseTopic] = []
        offsets: dict[ShareKey, tuple[int, _Altered]] = {}
        for asked in request.topics:
            topic = self._topics().topics_by_name.get(asked.topic_name)
            if topic is None:
                results.append(_unknown(asked))
                continue
            result = AlterShareGroupOffsetsResponseTopic(
                topic_name=asked.topic_name, topic_id=topic.topic_id
            )
            results.append(result)
            for each in asked.partitions:
                altered = _Altered(partition_index=each.partition_index)
                result.partitions.append(altered)
                if 0 <= each.partition_index < len(topic.partitions):
                    key = ShareKey(request.group_id, topic.topic_id, each.partition_index)
                    offsets[key] = (each.start_offset, altered)
                else:
                    _refuse(altered)
        return results, offsets

    # ------------------------------------------------------------ delete

    def delete(
        self, request: DeleteShareGroupOffsetsRequest
    ) -> Deferred[DeleteShareGroupOffsetsResponse]:
        """Delete offsets of topics of a group that nobody uses."""
        if not request.group_id:
            return Deferred.of(_delete_refused(InvalidGroupIdError("The group id is invalid.")))
        answer: Deferred[DeleteShareGroupOffsetsResponse] = Deferred()
        names = list(dict.fromkeys(topic.topic_name for topic in request.topics))
        found: dict[str, tuple[bytes, frozenset[int]]] = {}

        def forget(begun: Deferred[dict[str, tuple[bytes, frozenset[int]]]]) -> None:
            if begun.error is not None:
                answer.complete(_delete_refused(kafka_error(begun.error)))
                return
            found.update(begun.value())
            gather(
                gather(
                    self._states.delete(ShareKey(request.group_id, topic_id, each))
                    for each in sorted(partitions)
                )
                for topic_id, partitions in found.values()
            ).then(finish)

        def finish(asked: Deferred[list[Deferred[list[Deferred[None]]]]]) -> None:
            errors: dict[str, Exception] = {}
            for name, topic in zip(found, asked.value(), strict=True):
                failed = [one.error for one in topic.value() if one.error is not None]
                if failed:
                    errors[name] = failed[0]
            gone = [topic_id for name, (topic_id, _) in found.items() if name not in errors]
            response = DeleteShareGroupOffsetsResponse(
                responses=[self._deleted(name, found, errors.get(name)) for name in names]
            )
            self._write(
                request.group_id,
                lambda shard: shard.end_delete_offsets(request.group_id, gone),
            ).then(
                lambda noted: answer.complete(
                    response if noted.error is None else _delete_refused(kafka_error(noted.error))
                )
            )

        self._write(
            request.group_id, lambda shard: shard.begin_delete_offsets(request.group_id, names)
        ).then(forget)
        return answer

    def _deleted(
        self,
        name: str,
        found: Mapping[str, tuple[bytes, frozenset[int]]],
        error: Exception | None,
    ) -> DeleteShareGroupOffsetsResponseTopic:
        if name not in found:
            is_there = name in self._topics().topics_by_name
            reason = "There is no offset information to delete." if is_there else NOT_HOSTED
            error = UnknownTopicOrPartitionError(reason)
        result = DeleteShareGroupOffsetsResponseTopic(
            topic_name=name, topic_id=found[name][0] if name in found else ZERO_UUID
        )
        if error is not None:
            why = kafka_error(error)
            result.error_code, result.error_message = why.code, str(why) or None
        return result


def _described(
    name: str, topic_id: bytes, partitions: list[DescribeShareGroupOffsetsResponsePartition]
) -> _Described:
    return _Described(topic_name=name, topic_id=topic_id, partitions=partitions)


def _uninitialised(partition: int) -> DescribeShareGroupOffsetsResponsePartition:
    return DescribeShareGroupOffsetsResponsePartition(
        partition_index=partition, start_offset=UNINITIALISED_OFFSET, lag=UNKNOWN_LAG
    )


def _unknown(asked: AlterShareGroupOffsetsRequestTopic) -> AlterShareGroupOffsetsResponseTopic:
    return AlterShareGroupOffsetsResponseTopic(
        topic_name=asked.topic_name,
        partitions=[
            _refuse(_Altered(partition_index=each.partition_index)) for each in asked.partitions
        ],
    )


def _refuse(altered: _Altered) -> _Altered:
    error = UnknownTopicOrPartitionError(NOT_HOSTED)
    altered.error_code, altered.error_message = error.code, str(error)
    return altered


def _alter_refused(error: KafkaError) -> AlterShareGroupOffsetsResponse:
    return AlterShareGroupOffsetsResponse(error_code=error.code, error_message=str(error) or None)


def _delete_refused(error: KafkaError) -> DeleteShareGroupOffsetsResponse:
    return DeleteShareGroupOffsetsResponse(error_code=error.code, error_message=str(error) or None)
