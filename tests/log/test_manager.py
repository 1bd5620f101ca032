"""`LogManager`: directories, restarts, settings, deletion, and directories that fail."""

import os
import resource
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from logcore.common.errors import (
    InvalidArgumentError,
    InvalidConfigError,
    LogClosedError,
    LogcoreError,
    LogDirectoryOfflineError,
    LogIoError,
    LogLockedError,
    LogPoisonedError,
    MessageTooLargeError,
)
from logcore.log.manager import LoadProgress, LogManager
from tests.log.batches import batch

TOPIC_ID = bytes(range(16))
MARKER = ".kafka_cleanshutdown"


@contextmanager
def files_at_most(size):
    """Make every write past `size` bytes of a file fail, as on a full disk."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))


def found(manager, topic, partition):
    log = manager.get(topic, partition)
    assert log is not None
    return log


def view_of(log, offset):
    """Return the bytes of one batch at least, up to the high watermark."""
    records, *_ = log.read(offset, 1, True, 1)
    assert records is not None
    return memoryview(records)


@pytest.fixture
def manager(tmp_path):
    manager = LogManager([tmp_path / "one"])
    yield manager
    manager.close()


def test_partitions_are_spread_over_the_directories_and_found_again(tmp_path):
    paths = [tmp_path / "one", tmp_path / "two"]
    manager = LogManager(paths)
    assert manager.partitions() == []
    for partition in range(4):
        log = manager.get_or_create("flights", partition, TOPIC_ID, is_new=True)
        log.append_leader(bytearray(batch(b"x" * partition)), 3)
    assert [len(facts.logs) for facts in manager.log_dirs()] == [2, 2]
    manager.close()
    assert all((path / MARKER).exists() for path in paths)
    manager = LogManager(paths)
    assert not any((path / MARKER).exists() for path in paths)
    assert manager.report().loaded == 4
    assert manager.report().truncated_bytes == 0
    assert manager.partitions() == [("flights", partition) for partition in range(4)]
    for partition in range(4):
        log = found(manager, "flights", partition)
        assert log.read_records(0, 1000)[0][0].value == b"x" * partition
        assert log.latest_epoch() == 3
        assert manager.topic_id("flights", partition) == TOPIC_ID
    manager.close()


def test_what_is_not_there(manager):
    assert manager.get("flights", 0) is None
    assert manager.topic_id("flights", 0) is None
    with pytest.raises(InvalidArgumentError, match="no log of flights-0"):
        manager.delete("flights", 0)
    with pytest.raises(InvalidArgumentError, match="no log of flights-0"):
        manager.truncate_to("flights", 0, 0)


def test_a_log_belongs_to_one_topic_id(manager):
    manager.get_or_create("flights", 0, TOPIC_ID, is_new=True)
    manager.get_or_create("flights", 0, TOPIC_ID, is_new=False)
    manager.get_or_create("flights", 0, None, is_new=False)
    with pytest.raises(InvalidArgumentError, match="topic id"):
        manager.get_or_create("flights", 0, TOPIC_ID[::-1], is_new=False)
    with pytest.raises(InvalidArgumentError, match="16 bytes"):
        manager.get_or_create("flights", 0, b"short", is_new=False)


def test_a_name_that_no_directory_can_have(manager):
    for name in ["a/b", "", "..", "x" * 250]:
        with pytest.raises(InvalidArgumentError):
            manager.get_or_create(name, 0, None, is_new=True)


def test_one_manager_at_a_time(tmp_path):
    first = LogManager([tmp_path])
    with pytest.raises(LogLockedError) as caught:
        LogManager([tmp_path])
    assert caught.value.pid == os.getpid()
    log = first.get_or_create("t", 0, None, is_new=True)
    first.close()
    second = LogManager([tmp_path])
    with pytest.raises(LogClosedError):
        log.append_records([(None, b"x")], 0, 0)
    second.close()


def test_the_directories_of_another_cluster_or_broker(tmp_path):
    LogManager([tmp_path], cluster_id="mine", node_id=1).close()
    LogManager([tmp_path], cluster_id="mine", node_id=1).close()
    with pytest.raises(InvalidArgumentError, match=r"cluster\.id"):
        LogManager([tmp_path], cluster_id="yours", node_id=1)
    with pytest.raises(InvalidArgumentError, match=r"node\.id"):
        LogManager([tmp_path], cluster_id="mine", node_id=2)


def test_a_crash_loses_nothing_that_the_system_had(tmp_path):
    manager = LogManager([tmp_path])
    log = manager.get_or_create("t", 0, None, is_new=True)
    log.append_leader(batch(b"a", b"b", producer=(7, 0, 0)), 0)
    file = Path(log.path, "00000000000000000000.log")
    del log, manager
    with file.open("ab") as torn:
        torn.write(batch(b"torn")[:-3])
    progress = LoadProgress()
    assert (progress.total, progress.done) == (0, 0)
    manager = LogManager([tmp_path], progress=progress)
    assert (progress.total, progress.done) == (1, 1)
    assert manager.report().truncated_bytes > 0
    log = found(manager, "t", 0)
    assert log.end_offset == 2
    assert log.append_leader(batch(b"c", producer=(7, 0, 2)), 0)[0] == 2
    assert log.append_leader(batch(b"a", b"b", producer=(7, 0, 0)), 0) == (0, 1, -1, 0, True)
    manager.close()


def test_what_is_not_ours_and_what_is_broken_is_told(tmp_path):
    manager = LogManager([tmp_path])
    path = Path(manager.get_or_create("t", 0, TOPIC_ID, is_new=True).path)
    manager.close()
    (path / "partition.metadata").write_text("nonsense")
    (tmp_path / "lost+found").mkdir()
    manager = LogManager([tmp_path])
    report = manager.report()
    assert report.loaded == 0
    assert report.failed[0][0] == str(path)
    assert report.foreign == [str(tmp_path / "lost+found")]
    manager.close()
    assert not (tmp_path / MARKER).exists()


def test_use_after_delete(manager, tmp_path):
    log = manager.get_or_create("t", 0, None, is_new=True)
    log.append_leader(batch(b"kept by its reader"), 0)
    data = view_of(log, 0)
    manager.delete("t", 0)
    assert manager.partitions() == []
    assert manager.get("t", 0) is None
    assert b"kept by its reader" in bytes(data)
    for call in (
        lambda: log.append_leader(batch(b"x"), 0),
        lambda: log.append_records([(None, b"x")], 0, 0),
        lambda: log.read(0, 1, True, 0),
        lambda: log.read_records(0, 1),
        lambda: log.offset_for(-1),
        log.flush,
        log.roll,
        log.active_producers,
    ):
        with pytest.raises(LogClosedError):
            call()
    again = manager.get_or_create("t", 0, None, is_new=True)
    assert again.end_offset == 0
    assert [path.name[-7:] for path in (tmp_path / "one").glob("t-0.*")] == ["-delete"]
    assert manager.remove_deleted() == 0


def test_the_files_of_a_deleted_log_go_after_a_delay(tmp_path):
    manager = LogManager([tmp_path], settings={"file.delete.delay.ms": "0"})
    log = manager.get_or_create("t", 0, None, is_new=True)
    log.append_leader(batch(b"x"), 0)
    data = view_of(log, 0)
    manager.delete("t", 0)
    assert manager.remove_deleted() == 1
    assert not list(tmp_path.glob("t-0*"))
    assert bytes(data) != b""
    manager.close()
    assert bytes(data) != b""


def test_settings_reach_open_logs_and_later_ones(manager):
    log = manager.get_or_create("t", 0, None, is_new=True)
    other = manager.get_or_create("other", 0, None, is_new=True)
    manager.set_topic_settings("t", {"max.message.bytes": "100", "min.insync.replicas": "2"})
    with pytest.raises(MessageTooLargeError):
        log.append_leader(batch(bytes(100)), 0)
    other.append_leader(batch(bytes(100)), 0)
    with pytest.raises(MessageTooLargeError):
        manager.get_or_create("t", 1, None, is_new=True).append_leader(batch(bytes(100)), 0)
    manager.set_settings({"max.message.bytes": "80"})
    with pytest.raises(MessageTooLargeError):
        other.append_leader(batch(bytes(100)), 0)
    log.append_leader(batch(bytes(10)), 0)
    manager.set_topic_settings("t", {})
    manager.set_settings({})
    log.append_leader(batch(bytes(100)), 0)


def test_settings_that_make_no_sense_change_nothing(manager, tmp_path):
    log = manager.get_or_create("t", 0, None, is_new=True)
    with pytest.raises(InvalidConfigError, match=r"segment\.bytes"):
        manager.set_topic_settings("t", {"max.message.bytes": "1", "segment.bytes": "many"})
    with pytest.raises(InvalidConfigError):
        manager.set_settings({"retention.ms": "-5"})
    log.append_leader(batch(b"x"), 0)
    with pytest.raises(InvalidConfigError):
        LogManager([tmp_path / "two"], topic_settings={"t": {"cleanup.policy": "shred"}})


def test_a_directory_that_fails_goes_offline_alone(tmp_path):
    manager = LogManager([tmp_path / "one", tmp_path / "two"])
    logs = [manager.get_or_create("t", at, None, is_new=True) for at in range(4)]
    roots = [Path(log.path).parent for log in logs]
    with files_at_most(10), pytest.raises(LogIoError) as caught:
        logs[0].append_leader(batch(b"x"), 0)
    assert caught.value.kafka_name == "KAFKA_STORAGE_ERROR"
    assert manager.offline_dirs() == [str(roots[0])]
    for at, log in enumerate(logs):
        if roots[at] == roots[0]:
            with pytest.raises(LogPoisonedError):
                log.append_leader(batch(b"x"), 0)
            with pytest.raises(LogDirectoryOfflineError):
                manager.get("t", at)
        else:
            log.append_leader(batch(b"x"), 0)
            assert found(manager, "t", at).end_offset == 1
    facts = {facts.path: facts for facts in manager.log_dirs()}
    assert not facts[str(roots[0])].is_online
    assert facts[str(roots[0])].total_bytes == -1
    with pytest.raises(LogDirectoryOfflineError):
        manager.get_or_create("t", 9, None, is_new=False)
    assert Path(manager.get_or_create("t", 9, None, is_new=True).path).parent != roots[0]
    manager.checkpoint()
    manager.close()
    assert not (roots[0] / MARKER).exists()


def test_a_directory_that_cannot_even_be_opened(tmp_path):
    (tmp_path / "file").write_text("no directory")
    manager = LogManager([tmp_path / "file" / "dir", tmp_path / "one"])
    assert manager.offline_dirs() == [str(tmp_path / "file" / "dir")]
    assert [facts.is_online for facts in manager.log_dirs()] == [True, False]
    manager.close()
    with pytest.raises(LogDirectoryOfflineError):
        LogManager([tmp_path / "file" / "dir"])


def test_directories_and_sizes(manager):
    log = manager.get_or_create("t", 3, None, is_new=True)
    log.append_leader(batch(b"x" * 100), 0)
    (facts,) = manager.log_dirs()
    assert facts.logs == [("t", 3, log.size_bytes)]
    assert facts.total_bytes > facts.usable_bytes > 0


def test_retention_and_flush(tmp_path):
    settings = {"retention.bytes": "0", "segment.bytes": "200", "retention.ms": "-1"}
    manager = LogManager([tmp_path], settings=settings)
    log = manager.get_or_create("t", 0, None, is_new=True)
    for _ in range(4):
        log.append_leader(batch(b"x" * 100), 0)
    assert log.recovery_point == 0
    assert manager.flush_due() == 1
    assert log.recovery_point == 4
    manager.checkpoint()
    assert "t 0 4" in (tmp_path / "recovery-point-offset-checkpoint").read_text()
    assert manager.apply_retention() == [(("t", 0), [0, 1, 2, 3])]
    assert log.start_offset == 4
    manager.close()


def test_compaction(tmp_path):
    policy = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0"}
    manager = LogManager([tmp_path], topic_settings={"t": policy})
    log = manager.get_or_create("t", 0, None, is_new=True)
    assert manager.compact_due() is None
    log.append_records([(b"a", b"1"), (b"b", b"2")], 0, 1000)
    log.append_records([(b"a", b"3")], 0, 1000)
    log.roll()
    done = manager.compact_due()
    assert done is not None
    assert done.report is not None
    assert (done.topic, done.partition, done.failure) == ("t", 0, None)
    assert (done.report.records_read, done.report.records_kept) == (3, 2)
    assert [record.value for record in log.read_records(0, 1000)[0]] == [b"2", b"3"]
    assert manager.compact_due() is None
    assert manager.uncleanable() == []
    manager.close()


def test_truncation(manager):
    log = manager.get_or_create("t", 0, None, is_new=True)
    for _ in range(3):
        log.append_leader(batch(b"x", b"y"), 0)
    log.flush()
    assert manager.truncate_to("t", 0, 5) == 4
    assert log.end_offset == 4
    assert log.append_leader(batch(b"z"), 0)[0] == 4


def test_after_close_every_call_is_refused(tmp_path):
    manager = LogManager([tmp_path])
    log = manager.get_or_create("t", 0, None, is_new=True)
    assert manager.closed is False
    manager.close()
    manager.close()
    assert bool(manager.closed)
    for call in (manager.partitions, manager.flush_due, manager.log_dirs, manager.report):
        with pytest.raises(LogClosedError):
            call()
    with pytest.raises(LogClosedError):
        manager.get("t", 0)
    with pytest.raises(LogClosedError):
        log.read(0, 1, True, 0)


def test_a_child_of_a_fork_is_kept_out(manager):
    log = manager.get_or_create("t", 0, None, is_new=True)
    child = os.fork()
    if child == 0:
        refused = 0
        for call in (manager.partitions, manager.close, log.flush, lambda: log.end_offset):
            try:
                call()
            except LogClosedError:
                refused += 1
        os._exit(refused)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 4
    assert log.append_leader(batch(b"x"), 0)[0] == 0


def test_upkeep_beside_appends_and_reads(tmp_path):
    settings = {
        "segment.bytes": "2000",
        "retention.bytes": "4000",
        "retention.ms": "-1",
        "file.delete.delay.ms": "0",
    }
    manager = LogManager([tmp_path], settings=settings)
    log = manager.get_or_create("t", 0, None, is_new=True)
    stop, problems = threading.Event(), []

    def upkeep():
        try:
            while not stop.is_set():
                manager.flush_due()
                manager.apply_retention()
                manager.checkpoint()
        except LogcoreError as error:
            problems.append(error)

    worker = threading.Thread(target=upkeep)
    worker.start()
    views = []
    for number in range(1000):
        base, *_ = log.append_leader(bytearray(batch(b"%d" % number)), 0)
        assert base == number
        views.append(view_of(log, number))
    stop.set()
    worker.join()
    assert problems == []
    assert all(bytes(view).endswith(b"%d\0" % number) for number, view in enumerate(views))
    manager.close()
