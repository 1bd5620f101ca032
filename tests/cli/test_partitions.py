"""Partitions as the command line names them."""

import click
import pytest

from logcore import Admin
from logcore.cli.partitions import named_partitions
from logcore.common.errors import UnknownTopicOrPartitionError
from logcore.testing.topics import fresh_name


def test_names(cluster, topic):
    with Admin(cluster) as admin:
        assert named_partitions(admin, [topic]) == [(topic, 0), (topic, 1), (topic, 2)]
        assert named_partitions(admin, [f"{topic}:2,0", f"{topic}:0"]) == [(topic, 0), (topic, 2)]
        assert named_partitions(admin, []) == []
        with pytest.raises(click.UsageError, match="no partition 9"):
            named_partitions(admin, [f"{topic}:0,9"])
        with pytest.raises(click.UsageError, match="TOPIC:0,1,2"):
            named_partitions(admin, [f"{topic}:"])
        with pytest.raises(UnknownTopicOrPartitionError):
            named_partitions(admin, [fresh_name()])
