"""A coordinator's log over real partitions: appended, read again, refused where it must be."""

from collections.abc import Callable, Hashable
from typing import Any

import pytest

from logcore.broker.coordinator_log import PartitionCoordinatorLog
from logcore.broker.purgatory import Purgatory
from logcore.common.clock import ManualScheduler
from logcore.common.deferred import Deferred
from logcore.common.errors import InvalidProducerEpochError, UnknownTopicOrPartitionError
from logcore.coordinator.log import TransactionalProducer, TransactionMarker
from logcore.log.manager import LogManager
from logcore.replication.manager import ReplicaManager
from tests.replication.test_manager import topic

TOPIC = "__consumer_offsets"


class Lanes:
    """Runs work when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], Any], Deferred[Any]]] = []

    def run(self, key: Hashable, work: Callable[[], Any]) -> Deferred[Any]:
        del key
        self.waiting.append((work, Deferred()))
        return self.waiting[-1][1]

    def go_on(self) -> None:
        waiting, self.waiting = self.waiting, []
        for work, deferred in waiting:
            deferred.complete(work())


@pytest.fixture
def parts(tmp_path):
    logs = LogManager([str(tmp_path)], cluster_id=None, node_id=None)
    replicas, scheduler, lanes = ReplicaManager(logs), ManualScheduler(), Lanes()
    replicas.host([topic(TOPIC, 2)], is_new=True)
    log = PartitionCoordinatorLog(TOPIC, replicas, Purgatory(scheduler), lanes, scheduler)  # type: ignore[arg-type]
    yield log, replicas, lanes
    logs.close()


def test_what_is_appended_is_read_in_order(parts):
    log, _, _ = parts
    assert log.append(0, [(b"a", b"1"), (b"b", None)]).value() == 0
    assert log.append(0, [(b"c", b"3")]).value() == 2
    found = [(entry.offset, entry.key, entry.value) for entry in log.read_entries(0)]
    assert found == [(0, b"a", b"1"), (1, b"b", None), (2, b"c", b"3")]
    assert list(log.read_entries(1)) == []


def test_a_partition_that_is_not_here_is_an_error(parts):
    log, _, _ = parts
    with pytest.raises(UnknownTopicOrPartitionError):
        log.append(7, [(b"a", b"1")]).value()


def test_an_append_that_waits_for_the_disk_is_answered_after_it_and_keeps_its_order(parts):
    log, replicas, lanes = parts
    replicas.configure(TOPIC, min_insync_replicas=1, waits_for_disk=True)
    first = log.append(0, [(b"a", b"1")])
    replicas.configure(TOPIC, min_insync_replicas=1, waits_for_disk=False)
    second = log.append(0, [(b"b", b"2")])
    assert not first.is_done
    assert not second.is_done
    lanes.go_on()
    assert (first.value(), second.value()) == (0, 1)
    assert log.append(0, [(b"c", b"3")]).value() == 2


def test_transactions_come_back_with_their_producers_and_ends(parts):
    log, replicas, _ = parts
    producer = TransactionalProducer(7, 3)
    log.append(0, [(b"a", b"1")])
    log.append(0, [(b"b", b"2"), (b"c", b"3")], producer)
    assert log.append_marker(
        0, TransactionMarker(7, 3, is_commit=True, coordinator_epoch=0)
    ).value()
    log.append(0, [(b"d", b"4")], producer)
    log.append_marker(0, TransactionMarker(7, 3, is_commit=False, coordinator_epoch=0))
    found = [(each.key, each.producer_id, each.is_commit) for each in log.read_entries(0)]
    assert found == [
        (b"a", -1, None), (b"b", 7, None), (b"c", 7, None), (b"", 7, True),
        (b"d", 7, None), (b"", 7, False),
    ]  # fmt: skip
    assert replicas.get(TOPIC, 0).log.last_stable_offset == 6


def test_markers_that_cannot_be_written(parts):
    log, _, _ = parts
    marker = TransactionMarker(7, 3, is_commit=True, coordinator_epoch=0)
    assert isinstance(log.append_marker(7, marker).error, UnknownTopicOrPartitionError)
    log.append(0, [(b"b", b"2")], TransactionalProducer(7, 4))
    assert isinstance(log.append_marker(0, marker).error, InvalidProducerEpochError)


def test_a_marker_waits_for_appends_before_it(parts):
    log, replicas, lanes = parts
    replicas.get(TOPIC, 0).waits_for_disk = True
    appended = log.append(0, [(b"b", b"2")], TransactionalProducer(7, 3))
    ended = log.append_marker(0, TransactionMarker(7, 3, is_commit=True, coordinator_epoch=0))
    assert not ended.is_done
    lanes.go_on()
    assert (appended.value(), ended.value()) == (0, 1)
    assert replicas.get(TOPIC, 0).pending_appends == 0
