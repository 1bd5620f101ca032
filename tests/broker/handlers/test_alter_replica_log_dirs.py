"""AlterReplicaLogDirs: where a log lies already, where it cannot go, and what is not there."""

import pytest

from logcore.common.errors import (
    LogDirNotFoundError,
    UnknownTopicOrPartitionError,
)
from logcore.protocol.messages.alter_replica_log_dirs import (
    AlterReplicaLogDir,
    AlterReplicaLogDirsRequest,
    AlterReplicaLogDirTopic,
)
from logcore.protocol.messages.describe_log_dirs import DescribeLogDirsRequest
from tests.broker.running import Running


def ask(broker: Running, path: str, topic: str, version: int = 2) -> int:
    topics = [AlterReplicaLogDirTopic(name=topic, partitions=[0])]
    request = AlterReplicaLogDirsRequest(dirs=[AlterReplicaLogDir(path=path, topics=topics)])
    (result,) = broker.wire().ask(request, version).results
    assert result.topic_name == topic
    (partition,) = result.partitions
    code: int = partition.error_code
    return code


def directory(broker: Running) -> str:
    response = broker.wire().ask(DescribeLogDirsRequest(topics=None), 4)
    path: str = response.results[0].log_dir
    return path


@pytest.mark.parametrize("version", [1, 2])
def test_a_log_that_lies_there_already(broker: Running, version: int):
    assert ask(broker, directory(broker), broker.topic(), version) == 0


@pytest.mark.parametrize("path", ["/nowhere", "relative"])
def test_a_directory_that_is_none(broker: Running, path: str):
    assert ask(broker, path, broker.topic()) == LogDirNotFoundError.code


def test_a_topic_that_is_none(broker: Running):
    assert ask(broker, directory(broker), "nowhere") == UnknownTopicOrPartitionError.code
