"""The APIs of streams groups as the broker calls them: requests in, responses out.

Invariant: as of the whole coordinator: no method raises for what a client sent.
Neighbours: `service` makes one; the broker's handlers call it after asking the authorizer.
"""

from collections.abc import Callable

from logcore.common.deferred import Deferred
from logcore.common.errors import InvalidGroupIdError, KafkaError, UnknownServerError
from logcore.coordinator.group.context import Caller
from logcore.coordinator.group.streams.heartbeat import Answer
from logcore.coordinator.group.streams.protocol import StreamsProtocol
from logcore.coordinator.result import CoordinatorResult
from logcore.protocol.messages.streams_group_describe import DescribedGroup
from logcore.protocol.messages.streams_group_heartbeat import (
    StreamsGroupHeartbeatRequest,
    StreamsGroupHeartbeatResponse,
)

_Write = Callable[[str, Callable[[StreamsProtocol], CoordinatorResult[Answer]]], Deferred[Answer]]
_Read = Callable[[str, Callable[[StreamsProtocol], DescribedGroup]], DescribedGroup]


class StreamsRequests:
    """Serves streams groups of every shard.

    Args:
        write: Runs an operation of a group's shard as a write of that group.
        read: Asks the state of a group's shard.
    """

    def __init__(self, write: _Write, read: _Read) -> None:
        self._write = write
        self._read = read

    def heartbeat(self, caller: Caller, request: StreamsGroupHeartbeatRequest) -> Deferred[Answer]:
        """Hear of a member of a streams group, which joins, follows and leaves by this alone.

        Args:
            caller: Who sent it.
            request: What it says.

        Returns:
            The response, and the internal topics that are to be created.
        """
        answer: Deferred[Answer] = Deferred()

        def finish(written: Deferred[Answer]) -> None:
            if written.error is None:
                answer.complete(written.value())
            else:
                answer.complete(Answer(refused(kafka_error(written.error)), {}))

        written = self._write(request.group_id, lambda shard: shard.heartbeat(caller, request))
        written.then(finish)
        return answer

    def describe(self, group_id: str) -> DescribedGroup:
        """Describe a streams group."""
        try:
            if not group_id:
                raise InvalidGroupIdError
            return self._read(group_id, lambda shard: shard.describe(group_id))
        except KafkaError as error:
            return DescribedGroup(
                group_id=group_id, error_code=error.code, error_message=str(error) or None
            )


def refused(error: KafkaError) -> StreamsGroupHeartbeatResponse:
    """Answer a heartbeat with an error."""
    return StreamsGroupHeartbeatResponse(error_code=error.code, error_message=str(error) or None)


def kafka_error(error: Exception) -> KafkaError:
    """Return an error that has a code."""
    return error if isinstance(error, KafkaError) else UnknownServerError(str(error))
