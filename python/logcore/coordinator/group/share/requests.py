"""The APIs of share groups' members as the broker calls them, over both coordinators.

A member is given partitions only once their states are begun. A heartbeat that finds states
missing has them begun before it is answered, and then counts once more, so that its answer has
them already; if they cannot be begun, it is answered without. Who joins a group that has nothing
yet waits a moment for others, or the first would take everything before the second is there.
Invariant: no method raises for what a client sent; every step is in the log before the next.
Neighbours: `service` of groups makes one; `offsets` serves administration; `states` is the share
coordinator.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from logcore.common.deferred import Deferred, gather
from logcore.common.errors import InvalidGroupIdError, KafkaError
from logcore.coordinator.group.answers import kafka_error
from logcore.coordinator.group.context import Caller
from logcore.coordinator.group.modern_member import JOINING
from logcore.coordinator.group.share.heartbeat import Heard
from logcore.coordinator.group.share.partitions import Places
from logcore.coordinator.group.share.protocol import ShareProtocol
from logcore.coordinator.group.share.states import ShareStates
from logcore.coordinator.result import CoordinatorResult
from logcore.coordinator.share.state import UNINITIALISED_OFFSET, ShareKey
from logcore.protocol.messages.share_group_describe import DescribedGroup
from logcore.protocol.messages.share_group_heartbeat import (
    ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse,
)

logger = logging.getLogger(__name__)

R = TypeVar("R")

Write = Callable[[str, Callable[[ShareProtocol], CoordinatorResult[Any]]], Deferred[Any]]
"""Runs an operation of a group's shard as a write of that group."""
Read = Callable[[str, Callable[[ShareProtocol], Any]], Any]
"""Asks the state of a group's shard."""
Later = Callable[[str, Callable[[], object]], object]
"""Calls back for a group after its ``share.assignment.interval.ms``."""


class ShareRequests:
    """Serves share groups of every shard.

    Args:
        write: Runs an operation of a group's shard as a write of that group.
        read: Asks the state of a group's shard.
        states: The share coordinator.
        later: Goes on once others had time to join a group.
    """

    def __init__(self, write: Write, read: Read, states: ShareStates, later: Later) -> None:
        self._write = write
        self._read = read
        self._states = states
        self._later = later

    # ------------------------------------------------------------ members

    def heartbeat(
        self, caller: Caller, request: ShareGroupHeartbeatRequest
    ) -> Deferred[ShareGroupHeartbeatResponse]:
        """Hear of a member of a share group, which joins, follows and leaves by this alone."""
        answer: Deferred[ShareGroupHeartbeatResponse] = Deferred()

        def finish(written: Deferred[Heard]) -> None:
            if written.error is not None:
                answer.complete(refused(kafka_error(written.error)))
            elif written.value().begin:
                self._begin(request.group_id, written.value()).then(
                    lambda begun: wait(written.value(), has_begun=begun.value())
                )
            else:
                answer.complete(written.value().response)

        def wait(heard: Heard, *, has_begun: bool) -> None:
            if not has_begun:
                answer.complete(heard.response)
            elif request.member_epoch == JOINING:
                self._later(request.group_id, lambda: again(heard))
            else:
                again(heard)

        def again(heard: Heard) -> None:
            self._hear(caller, _repeated(request, heard)).then(
                lambda written: answer.complete(self._last(request.group_id, heard, written))
            )

        self._hear(caller, request).then(finish)
        return answer

    def _last(
        self, group_id: str, heard: Heard, written: Deferred[Heard]
    ) -> ShareGroupHeartbeatResponse:
        """Return the answer to a heartbeat that counted twice."""
        response = heard.response
        if written.error is None:
            response = written.value().response
            if written.value().begin:  # tried once more, but nobody waits for it
                self._begin(group_id, written.value())
        if response.assignment is None:
            response.assignment = heard.response.assignment
        return response

    def _hear(self, caller: Caller, request: ShareGroupHeartbeatRequest) -> Deferred[Heard]:
        return self._write(request.group_id, lambda shard: shard.heartbeat(caller, request))

    def _begin(self, group_id: str, heard: Heard) -> Deferred[bool]:
        """Have states begun, and note which are; done with whether any is."""
        done: Deferred[bool] = Deferred()
        keys = keys_of(group_id, heard.begin)

        def note(asked: Deferred[list[Deferred[None]]]) -> None:
            begun: list[ShareKey] = []
            not_begun: list[ShareKey] = []
            for key, one in zip(keys, asked.value(), strict=True):
                (begun if one.error is None else not_begun).append(key)
            errors = [one.error for one in asked.value() if one.error is not None]
            if errors:
                logger.warning(
                    "%d states of share group %s cannot be begun: %r",
                    len(errors), group_id, errors[0],
                )  # fmt: skip
            self._write(
                group_id,
                lambda shard: shard.note_begun(group_id, places_of(begun), places_of(not_begun)),
            ).then(lambda written: done.complete(written.error is None and bool(begun)))

        gather(
            self._states.initialise(key, heard.epoch, UNINITIALISED_OFFSET) for key in keys
        ).then(note)
        return done

    # ------------------------------------------------------------ administration

    def describe(self, group_id: str) -> DescribedGroup:
        """Describe a share group."""
        try:
            if not group_id:
                raise InvalidGroupIdError
            described: DescribedGroup = self._read(group_id, lambda shard: shard.describe(group_id))
        except KafkaError as error:
            return DescribedGroup(
                group_id=group_id, error_code=error.code, error_message=str(error) or None
            )
        return described

    def clear(self, group_id: str) -> Deferred[None]:
        """Forget the states of a group that is to be deleted; nothing to do for other kinds.

        Raises:
            KafkaError: In the Deferred, why the group is to stay.
        """
        cleared: Deferred[None] = Deferred()

        def forget(begun: Deferred[Places]) -> None:
            if begun.error is not None:
                cleared.fail(begun.error)
                return
            keys = keys_of(group_id, begun.value())
            gather(self._states.delete(key) for key in keys).then(finish)

        def finish(asked: Deferred[list[Deferred[None]]]) -> None:
            errors = [one.error for one in asked.value() if one.error is not None]
            if errors:
                cleared.fail(errors[0])
            else:
                cleared.complete(None)

        self._write(group_id, lambda shard: shard.begin_delete(group_id)).then(forget)
        return cleared


def _repeated(request: ShareGroupHeartbeatRequest, heard: Heard) -> ShareGroupHeartbeatRequest:
    """Make the heartbeat that a member would send after its answer."""
    return ShareGroupHeartbeatRequest(
        group_id=request.group_id,
        member_id=request.member_id,
        member_epoch=heard.response.member_epoch,
        rack_id=request.rack_id,
        subscribed_topic_names=request.subscribed_topic_names,
    )


def keys_of(group_id: str, places: Places) -> list[ShareKey]:
    """Return the keys of a group's partitions."""
    return [
        ShareKey(group_id, topic_id, partition)
        for topic_id, partitions in places.items()
        for partition in sorted(partitions)
    ]


def places_of(keys: Iterable[ShareKey]) -> dict[bytes, frozenset[int]]:
    """Return the partitions of keys, by topic."""
    found: dict[bytes, set[int]] = {}
    for key in keys:
        found.setdefault(key.topic_id, set()).add(key.partition)
    return {topic_id: frozenset(partitions) for topic_id, partitions in found.items()}


def refused(error: KafkaError) -> ShareGroupHeartbeatResponse:
    """Answer a heartbeat with an error."""
    return ShareGroupHeartbeatResponse(error_code=error.code, error_message=str(error) or None)
