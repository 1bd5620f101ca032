"""The seam of a coordinator's log, kept by its twin in memory as by the real one."""

import pytest

from logcore.common.errors import NotEnoughReplicasError
from logcore.coordinator.log import CoordinatorLog
from tests.coordinator.memory_log import MemoryLog

A, B, C = (b"a", b"1"), (b"b", b"2"), (b"a", None)


@pytest.fixture
def log() -> MemoryLog:
    made = MemoryLog()
    seam: CoordinatorLog = made
    assert seam is made
    return made


def test_what_is_appended_is_read_in_order(log: MemoryLog):
    assert log.append(0, [A, B]).value() == 0
    assert log.append(0, [C]).value() == 2
    assert list(log.read_all(0)) == [(0, *A), (1, *B), (2, *C)]
    assert list(log.read_all(1)) == []


def test_it_refuses_as_often_as_it_is_told_to(log: MemoryLog):
    log.fail_with, log.fail_count = NotEnoughReplicasError(), 1
    assert log.append(0, [A]).error is log.fail_with
    assert log.append(0, [A]).value() == 0


def test_it_waits_until_it_is_told_to_go_on(log: MemoryLog):
    log.is_held = True
    first, second = log.append(0, [A]), log.append(0, [B])
    assert not first.is_done
    log.release()
    assert first.value() == 0
    log.release(NotEnoughReplicasError())
    assert second.error is not None
    assert list(log.read_all(0)) == [(0, *A)]


def test_cleaning_keeps_the_last_record_of_each_key(log: MemoryLog):
    log.append(0, [A, B, C])
    assert log.compact(0) == [(1, *B), (2, *C)]
