"""A partition refuses epochs that are over or unknown, and a log that is offline."""

from typing import Any

import pytest

from logcore.common.errors import (
    FencedLeaderEpochError,
    KafkaStorageError,
    UnknownLeaderEpochError,
)
from logcore.replication.partition import NO_EPOCH, Partition

LOG: Any = object()


def partition(topic: str = "t", log: Any = LOG) -> Partition:
    return Partition(topic, 0, b"\1" * 16, 5, log)


def test_no_opinion_and_the_current_epoch_pass():
    partition().check_epoch(NO_EPOCH)
    partition().check_epoch(5)


def test_an_older_epoch_is_fenced_and_a_newer_one_unknown():
    with pytest.raises(FencedLeaderEpochError, match="leader epoch 4 of t-0"):
        partition().check_epoch(4)
    with pytest.raises(UnknownLeaderEpochError):
        partition().check_epoch(6)


def test_the_log_is_given_or_why_it_cannot_be():
    assert partition().log is LOG
    with pytest.raises(KafkaStorageError, match="gone"):
        _ = partition(log=KafkaStorageError("gone")).log


def test_the_brokers_own_topics_are_known():
    assert partition("__consumer_offsets").is_internal
    assert not partition().is_internal
