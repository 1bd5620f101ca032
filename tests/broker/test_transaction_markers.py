"""Markers: into partitions, through the groups' coordinator, or nowhere."""

import pytest

from logcore.broker.purgatory import Purgatory
from logcore.broker.transaction_markers import TransactionMarkers, append_marker, commits
from logcore.common.clock import ManualScheduler
from logcore.common.deferred import Deferred
from logcore.common.errors import InvalidProducerEpochError, NotLeaderOrFollowerError
from logcore.coordinator.log import TransactionMarker
from logcore.log.manager import LogManager
from logcore.replication.manager import ReplicaManager
from tests.broker.batches import batch
from tests.broker.test_coordinator_log import Lanes
from tests.replication.test_manager import topic

TRANSACTIONAL = 0x10
COMMIT = TransactionMarker(7, 0, is_commit=True, coordinator_epoch=3)
ABORT = COMMIT._replace(is_commit=False)


class Bench:
    def __init__(self, path) -> None:
        self.logs = LogManager([str(path)])
        self.replicas, self.scheduler = ReplicaManager(self.logs), ManualScheduler()
        self.replicas.host([topic("t", 2)], is_new=True)
        self.replicas.host([topic("groups", 1)], is_new=True)
        self.purgatory, self.lanes = Purgatory(self.scheduler), Lanes()
        self.in_groups: list[int] = []
        self.existing = {("t", 0), ("t", 1), ("t", 2), ("groups", 0)}
        self.markers = TransactionMarkers(
            replicas=self.replicas,
            purgatory=self.purgatory,
            lanes=self.lanes,  # type: ignore[arg-type]
            clock=self.scheduler,
            group_topic="groups",
            end_in_groups=self.end_in_groups,
            exists=lambda *place: place in self.existing,
        )

    def end_in_groups(self, index: int, marker: TransactionMarker) -> Deferred[None]:
        del marker
        self.in_groups.append(index)
        return Deferred.of(None)

    def write(self, epoch: int = 0) -> None:
        records = batch([b"x"], producer=(7, epoch, 0), attributes=TRANSACTIONAL)
        self.replicas.get("t", 0).log.append_leader(records, 0)


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.logs.close()


@pytest.mark.parametrize("marker", [COMMIT, ABORT])
def test_a_marker_moves_the_last_stable_offset_and_wakes_readers(bench, marker):
    bench.write()
    log = bench.replicas.get("t", 0).log
    woken: list[bool] = []

    def wake() -> bool:
        woken.append(True)
        return True

    bench.purgatory.park([("t", 0)], wake, 1_000, lambda: None)
    assert log.last_stable_offset == 0
    bench.markers.write("t", 0, marker).value()
    assert log.last_stable_offset == 2
    (written,) = log.read_batches(1, 1 << 20)[-1:]
    assert commits(bytes(written)) is marker.is_commit
    assert log.active_producers() == [(7, 0, 0, bench.scheduler.now_ms(), 3, -1)]
    bench.scheduler.run_soon()
    assert woken == [True]


def test_a_marker_that_is_too_late(bench):
    bench.write(epoch=5)
    assert isinstance(bench.markers.write("t", 0, COMMIT).error, InvalidProducerEpochError)


def test_a_marker_goes_behind_appends_that_wait(bench):
    bench.write()
    partition = bench.replicas.get("t", 0)
    partition.pending_appends = 1
    done = bench.markers.write("t", 0, COMMIT)
    assert not done.is_done
    assert partition.pending_appends == 2
    bench.lanes.go_on()
    assert done.value() is None
    assert partition.pending_appends == 1
    assert partition.log.last_stable_offset == 2


def test_partitions_of_groups_and_such_as_are_not_there(bench):
    assert bench.markers.write("groups", 0, COMMIT).value() is None
    assert bench.in_groups == [0]
    assert bench.markers.write("gone", 0, COMMIT).value() is None
    not_yet = bench.markers.write("t", 2, COMMIT)
    assert isinstance(not_yet.error, NotLeaderOrFollowerError)


def test_what_is_no_marker(bench):
    log = bench.replicas.get("t", 1).log
    log.append_control(b"\0\0\0\2", b"leader change", 0, 1_000)
    append_marker(bench.replicas.get("t", 1), COMMIT, bench.lanes, 1_000).value()
    kinds = [commits(bytes(each)) for each in log.read_batches(0, 1 << 20)]
    assert kinds == [None, True]
    assert commits(bytes(61)) is None
