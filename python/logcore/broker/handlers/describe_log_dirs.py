"""DescribeLogDirs: which logs lie in which directory, how large they are, how full the disk is.

Versions: 1 to 5; 3 adds a code for the whole, 4 the disk's total and usable bytes, 5 whether a
directory is cordoned.
"""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import ClusterAuthorizationFailedError, KafkaStorageError
from logcore.controller.topic_names import CLUSTER_METADATA_TOPIC
from logcore.protocol.messages.describe_log_dirs import (
    DescribeLogDirsPartition,
    DescribeLogDirsRequest,
    DescribeLogDirsResponse,
    DescribeLogDirsResult,
    DescribeLogDirsTopic,
)


def handle(
    parts: Parts, request: DescribeLogDirsRequest, context: RequestContext
) -> DescribeLogDirsResponse:
    """List the directories, with all partitions or those that are asked for."""
    if not parts.authorizer.allows(context, Operation.DESCRIBE, ResourceType.CLUSTER):
        code = ClusterAuthorizationFailedError.code
        return DescribeLogDirsResponse(error_code=code if context.version >= 3 else 0)  # noqa: PLR2004
    wanted = None
    if request.topics is not None:
        wanted = {(topic.topic, index) for topic in request.topics for index in topic.partitions}
    results = []
    for path, is_online, total_bytes, usable_bytes, logs in parts.replicas.logs.log_dirs():
        result = DescribeLogDirsResult(
            error_code=0 if is_online else KafkaStorageError.code,
            log_dir=path,
            total_bytes=total_bytes,
            usable_bytes=usable_bytes,
        )
        topics: dict[str, list[DescribeLogDirsPartition]] = {}
        for topic, index, size_bytes in logs if is_online else ():
            if topic != CLUSTER_METADATA_TOPIC and (wanted is None or (topic, index) in wanted):
                partition = DescribeLogDirsPartition(
                    partition_index=index, partition_size=size_bytes
                )
                topics.setdefault(topic, []).append(partition)
        result.topics = [
            DescribeLogDirsTopic(name=topic, partitions=partitions)
            for topic, partitions in topics.items()
        ]
        results.append(result)
    return DescribeLogDirsResponse(results=results)
