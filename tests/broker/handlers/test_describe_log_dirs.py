"""DescribeLogDirs: where logs lie, how large they are, how full the disk is."""

from pathlib import Path

import pytest

from logcore.protocol.messages.describe_log_dirs import (
    DescribableLogDirTopic,
    DescribeLogDirsRequest,
)
from tests.broker.batches import batch
from tests.broker.handlers.asking import produce
from tests.broker.running import Running


@pytest.mark.parametrize("version", range(1, 6))
def test_a_directory_with_its_logs_and_its_disk(broker: Running, version: int):
    topic, wire = broker.topic(partitions=2), broker.wire()
    sent = batch([b"a"])
    produce(wire, topic, sent)
    asked = DescribeLogDirsRequest(topics=[DescribableLogDirTopic(topic=topic, partitions=[0, 1])])
    response = wire.ask(asked, version)
    (result,) = response.results
    assert (response.error_code, result.error_code) == (0, 0)
    assert Path(result.log_dir).is_dir()
    (found,) = result.topics
    sizes = {each.partition_index: each.partition_size for each in found.partitions}
    assert sizes == {0: len(sent), 1: 0}
    assert (result.total_bytes > result.usable_bytes > 0) is (version >= 4)


def test_without_topics_everything_is_listed(broker: Running):
    topic = broker.topic()
    response = broker.wire().ask(DescribeLogDirsRequest(topics=None), 4)
    assert topic in {found.name for found in response.results[0].topics}


def test_nothing_is_found_of_what_is_not_there(broker: Running):
    asked = DescribableLogDirTopic(topic="nowhere", partitions=[0])
    response = broker.wire().ask(DescribeLogDirsRequest(topics=[asked]), 4)
    assert response.results[0].topics == []
