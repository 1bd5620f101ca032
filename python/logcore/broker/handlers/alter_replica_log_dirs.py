"""AlterReplicaLogDirs: ask that the log of a partition lie in another directory of this broker.

Versions: 1 and 2, the last one flexible. A log that lies there already is an answer without error;
a move to another directory is refused with INVALID_REQUEST: logs do not move while they are served.
"""

from collections.abc import Mapping
from pathlib import Path

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import (
    ClusterAuthorizationFailedError,
    InvalidRequestError,
    KafkaError,
    KafkaStorageError,
    LogDirNotFoundError,
)
from logcore.protocol.messages.alter_replica_log_dirs import (
    AlterReplicaLogDirPartitionResult,
    AlterReplicaLogDirsRequest,
    AlterReplicaLogDirsResponse,
    AlterReplicaLogDirTopicResult,
)

Held = Mapping[str, set[tuple[str, int]] | None]
"""Directory -> the partitions in it, None where it is offline."""


def handle(
    parts: Parts, request: AlterReplicaLogDirsRequest, context: RequestContext
) -> AlterReplicaLogDirsResponse:
    """Answer each partition by itself."""
    is_allowed = parts.authorizer.allows(context, Operation.ALTER, ResourceType.CLUSTER)
    held: Held = {
        path: {(topic, index) for topic, index, _ in logs} if is_online else None
        for path, is_online, _, _, logs in parts.replicas.logs.log_dirs()
    }
    codes: dict[str, dict[int, int]] = {}
    for directory in request.dirs:
        for topic in directory.topics:
            for index in topic.partitions:
                code = ClusterAuthorizationFailedError.code
                if is_allowed:
                    code = _code(parts, held, directory.path, (topic.name, index))
                codes.setdefault(topic.name, {})[index] = code
    return AlterReplicaLogDirsResponse(
        results=[
            AlterReplicaLogDirTopicResult(
                topic_name=name,
                partitions=[
                    AlterReplicaLogDirPartitionResult(partition_index=index, error_code=code)
                    for index, code in partitions.items()
                ],
            )
            for name, partitions in codes.items()
        ]
    )


def _code(parts: Parts, held: Held, path: str, key: tuple[str, int]) -> int:
    try:
        _check(parts, held, path, key)
    except KafkaError as error:
        return error.code
    return 0


def _check(parts: Parts, held: Held, path: str, key: tuple[str, int]) -> None:
    known = {Path(directory).resolve(): logs for directory, logs in held.items()}
    asked = Path(path)
    if not asked.is_absolute() or asked.resolve() not in known:
        raise LogDirNotFoundError(f"{path} is not a directory of logs")
    logs = known[asked.resolve()]
    if logs is None:
        raise KafkaStorageError(f"{path} is offline")
    parts.replicas.get(*key)
    if key not in logs:
        raise InvalidRequestError(f"{key[0]}-{key[1]} lies in another directory and stays there")
