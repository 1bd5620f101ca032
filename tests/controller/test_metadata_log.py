"""The metadata log: order, durability, starts, torn tails, damaged snapshots."""

import shutil

import pytest

from logcore.common.errors import InvalidRequestError, KafkaStorageError, LogCorruptError
from logcore.controller import snapshot
from logcore.controller.image import EMPTY
from logcore.controller.metadata_log import TOPIC_SETTINGS, Committed
from logcore.controller.records import encoded, topic_records
from logcore.controller.replay import ReplayError
from logcore.log.manager import LogManager
from logcore.protocol.internal.metadata import (
    BeginTransactionRecord,
    NoOpRecord,
    ProducerIdsRecord,
    RemoveTopicRecord,
)
from tests.controller.building import Disk, HeldWorker, replayed, topic, topic_id


@pytest.fixture
def disk(tmp_path):
    made = Disk(tmp_path)
    yield made
    made.close()


def ids(next_id):
    return ProducerIdsRecord(broker_id=1, next_producer_id=next_id)


def heard(log):
    batches: list[Committed] = []
    log.tail(batches.append)
    return batches


def test_a_new_log_is_empty(disk):
    log = disk.open()
    assert log.loaded == EMPTY
    assert (log.epoch, log.next_offset) == (1, 0)


def test_proposals_come_back_in_order_before_they_are_answered(disk):
    log = disk.open()
    batches = heard(log)
    first = log.propose([NoOpRecord(), NoOpRecord()])
    second = log.propose([NoOpRecord()])
    assert (first.value(), second.value()) == (1, 2)
    assert [(batch.offset, batch.epoch, len(batch.records)) for batch in batches] == [
        (1, 1, 2),
        (2, 1, 1),
    ]


def test_nothing_is_told_before_it_is_on_disk(disk):
    worker = HeldWorker()
    log = disk.open(worker)
    batches = heard(log)
    answer = log.propose([NoOpRecord()])
    assert not answer.is_done
    assert not batches
    worker.step()
    assert answer.value() == 0
    assert len(batches) == 1
    assert disk.storage.recovery_point == 1


def test_what_is_proposed_meanwhile_is_written_together(disk):
    worker = HeldWorker()
    log = disk.open(worker)
    answers = [log.propose([ids(number)]) for number in range(5)]
    assert log.next_offset == 5
    assert len(worker.waiting) == 1
    worker.step()
    assert [answer.is_done for answer in answers] == [True, False, False, False, False]
    worker.step()
    assert [answer.value() for answer in answers] == [0, 1, 2, 3, 4]
    assert not worker.waiting


def test_a_listener_may_propose_and_others_hear_in_order(disk):
    log = disk.open()
    log.tail(lambda batch: log.propose([NoOpRecord()]) if batch.offset < 3 else None)
    batches = heard(log)
    log.propose([NoOpRecord()])
    assert [batch.offset for batch in batches] == [0, 1, 2, 3]


def test_each_start_has_its_own_epoch_and_finds_what_was_there(disk):
    log = disk.open()
    log.propose(list(topic_records(topic("t", 2)))).value()
    log.propose([ids(1000)]).value()
    again = disk.open()
    assert (again.epoch, again.next_offset) == (2, 4)
    assert (again.loaded.offset, again.loaded.epoch) == (3, 1)
    assert again.loaded.topics_by_name == {"t": topic("t", 2)}
    assert again.loaded.next_producer_id == 1000
    again.propose([NoOpRecord()]).value()
    assert disk.open().epoch == 3


def test_a_failed_fsync_ends_it(disk):
    worker = HeldWorker()
    log = disk.open(worker)
    batches = heard(log)
    disk.storage.is_broken = True
    first, second = log.propose([NoOpRecord()]), log.propose([NoOpRecord()])
    worker.step()
    third = log.propose([NoOpRecord()])
    for answer in (first, second, third):
        with pytest.raises(KafkaStorageError, match="the disk is gone"):
            answer.value()
    assert not batches
    assert not worker.waiting
    assert log.failure is not None


def test_what_cannot_be_written_fails_alone(disk):
    worker = HeldWorker()
    log = disk.open(worker)
    first = log.propose([ids(1)])
    refused = log.propose([NoOpRecord(), ids(1 << 80)])
    last = log.propose([ids(2)])
    with pytest.raises(InvalidRequestError):
        refused.value()
    worker.step()
    worker.step()
    assert (first.value(), last.value()) == (0, 1)
    assert log.failure is None
    assert disk.open().loaded.next_producer_id == 2


def test_a_snapshot_takes_the_place_of_the_records_before_it(disk):
    log = disk.open()
    log.propose(list(topic_records(topic("t")))).value()
    image = replayed(topic_records(topic("t")))
    for offset in (1, 2, 3):
        kept = image.__class__(
            **{name: getattr(image, name) for name in image.__slots__} | {"offset": offset}
        )
        log.snapshot(kept).value()
        log.propose([NoOpRecord()]).value()
    assert [each.offset for each in snapshot.find(disk.directory)] == [4, 3]
    assert disk.storage.start_offset == 3
    again = disk.open()
    assert again.loaded.topics_by_name == {"t": topic("t")}
    assert again.loaded.offset == 4


def written(disk):
    """Fill the log with two snapshots and something after each, and close it; return the image."""
    log = disk.open()
    log.propose(list(topic_records(topic("t")))).value()
    log.propose([ids(1)]).value()
    log = disk.open()
    log.snapshot(log.loaded).value()
    log.propose([ids(2)]).value()
    log = disk.open()
    log.snapshot(log.loaded).value()
    log.propose([ids(3)]).value()
    image = disk.open().loaded
    disk.close()
    assert len(snapshot.find(disk.directory)) == 2
    return image


def state(image):
    return image.topics_by_name, image.next_producer_id, image.offset


def test_a_damaged_snapshot_gives_way_to_the_one_before(disk):
    image = written(disk)
    newest = disk.directory / snapshot.find(disk.directory)[0].file_name
    newest.write_bytes(newest.read_bytes()[:-20])
    assert state(disk.open().loaded) == state(image)


def test_a_lost_snapshot_gives_way_to_the_one_before(disk):
    image = written(disk)
    (disk.directory / snapshot.find(disk.directory)[0].file_name).unlink()
    assert state(disk.open().loaded) == state(image)


def test_without_a_sound_snapshot_nothing_is_made_up(disk):
    written(disk)
    for found in snapshot.find(disk.directory):
        path = disk.directory / found.file_name
        path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(LogCorruptError, match="no snapshot leads up to it"):
        disk.open()


def test_a_log_that_ends_before_its_snapshot_is_an_error(disk):
    log = disk.open()
    log.propose(list(topic_records(topic("t")))).value()
    log = disk.open()
    log.snapshot(log.loaded).value()
    disk.close()
    kept = snapshot.find(disk.directory)[0].file_name
    data = (disk.directory / kept).read_bytes()
    shutil.rmtree(disk.directory)
    for path in disk.path.glob("*checkpoint"):
        path.unlink()
    disk.open()
    (disk.directory / kept).write_bytes(data)
    with pytest.raises(LogCorruptError, match="before its snapshot"):
        disk.open()


def test_a_torn_tail_is_cut_off_and_what_is_before_it_stays(disk):
    log = disk.open()
    log.propose(list(topic_records(topic("t")))).value()
    log.propose([ids(1000)]).value()
    disk.close()
    for path in [*disk.path.glob("*checkpoint"), disk.path / ".kafka_cleanshutdown"]:
        path.unlink()
    segment = disk.directory / f"{0:020}.log"
    segment.write_bytes(segment.read_bytes()[:-7])
    again = disk.open()
    assert again.loaded.topics_by_name == {"t": topic("t")}
    assert again.loaded.next_producer_id == 0
    assert again.next_offset == 2


def test_half_a_transaction_is_undone_durably(disk):
    log = disk.open()
    log.propose([BeginTransactionRecord(name="big"), *topic_records(topic("t"))]).value()
    again = disk.open()
    assert again.loaded.topics_by_name == {}
    again.propose([ids(7)]).value()
    assert disk.open().loaded.next_producer_id == 7


def test_records_that_contradict_each_other_are_an_error(disk):
    log = disk.open()
    log.propose([RemoveTopicRecord(topic_id=topic_id(9))]).value()
    with pytest.raises(ReplayError, match="unknown topic id"):
        disk.open()


def test_a_record_without_a_value_is_an_error(disk):
    disk.open()
    disk.storage.append_records([(None, None)], 1, 0)
    with pytest.raises(LogCorruptError, match="record 0 is empty"):
        disk.open()


def test_a_large_change_is_one_batch(tmp_path):
    settings = {"__cluster_metadata": TOPIC_SETTINGS}
    manager = LogManager([tmp_path], topic_settings=settings)
    log = manager.get_or_create("__cluster_metadata", 0, None, is_new=True)
    values = [(None, encoded(record)) for record in topic_records(topic("t", 40_000))]
    assert log.append_records(values, 0, 0) == (0, 40_000)
    manager.close()


def test_snapshots_are_due_by_bytes_and_worthwhile_by_records(disk):
    log = disk.open()
    assert not log.is_snapshot_due
    log.propose(list(topic_records(topic("t", 600)))).value()
    image = disk.open().loaded
    assert not log.is_snapshot_due
    assert log.is_snapshot_worthwhile(image)
    log.snapshot_bytes = 1000
    log.bytes_since_snapshot += 1000
    assert log.is_snapshot_due
    log = disk.open()
    log.snapshot(image).value()
    assert not log.is_snapshot_due
    assert not log.is_snapshot_worthwhile(image)


def test_a_snapshot_is_due_after_a_while(disk):
    log = disk.open()
    disk.clock.advance(3_599_999)
    assert not log.is_snapshot_due
    disk.clock.advance(1)
    assert log.is_snapshot_due
    log.propose([NoOpRecord()]).value()
    log.snapshot(disk.open().loaded)
    assert not log.is_snapshot_due
    log.snapshot_interval_ms = 0
    disk.clock.advance(1 << 40)
    assert not log.is_snapshot_due


def test_a_listener_that_fails_does_not_stop_the_log(disk, caplog):
    log = disk.open()
    log.tail(lambda _: 1 / 0)
    log.propose([NoOpRecord()])
    log.propose([NoOpRecord()])
    assert log.next_offset == disk.open().next_offset == 2
    assert caplog.text.count("a defect of logcore") == 2
