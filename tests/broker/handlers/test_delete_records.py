"""DeleteRecords: the log start moves, stays moved, and not past the end."""

import pytest

from logcore.protocol.messages.delete_records import (
    DeleteRecordsPartition,
    DeleteRecordsRequest,
    DeleteRecordsTopic,
)
from tests.broker.batches import batch
from tests.broker.handlers.asking import fetch, list_offset, produce
from tests.broker.running import Running, running_broker
from tests.broker.wire import Wire


def delete(wire: Wire, topic: str, offset: int, version: int = 1, partition: int = 0):
    asked = DeleteRecordsPartition(partition_index=partition, offset=offset)
    request = DeleteRecordsRequest(
        topics=[DeleteRecordsTopic(name=topic, partitions=[asked])], timeout_ms=5000
    )
    return wire.ask(request, version).topics[0].partitions[0]


def filled(running: Running, **configs: str) -> str:
    topic = running.topic(1, **configs)
    with running.wire() as wire:
        for value in (b"a", b"b", b"c"):
            produce(wire, topic, batch([(b"k", value)]))
    return topic


@pytest.mark.parametrize("version", range(3))
def test_records_below_are_not_read_again(broker: Running, version: int):
    topic, wire = filled(broker), broker.wire()
    answer = delete(wire, topic, 2, version)
    assert (answer.error_code, answer.low_watermark) == (0, 2)
    assert list_offset(wire, topic, -2).offset == 2
    assert fetch(wire, topic, 1).error_code == 1
    assert fetch(wire, topic, 2).log_start_offset == 2


def test_minus_one_means_everything(broker: Running):
    topic, wire = filled(broker), broker.wire()
    assert delete(wire, topic, -1).low_watermark == 3
    assert list_offset(wire, topic, -2).offset == 3


@pytest.mark.parametrize(("offset", "code"), [(4, 1), (-2, 1)])
def test_offsets_that_are_not_there(broker: Running, offset: int, code: int):
    topic, wire = filled(broker), broker.wire()
    assert delete(wire, topic, offset).error_code == code
    assert list_offset(wire, topic, -2).offset == 0


def test_what_cannot_be_deleted_from(broker: Running):
    wire = broker.wire()
    assert delete(wire, "nowhere", 0).error_code == 3
    assert delete(wire, filled(broker), 0, partition=1).error_code == 3
    compacted = filled(broker, cleanup_policy="compact")
    assert delete(wire, compacted, 1).error_code == 44


def test_it_stays_deleted_after_a_restart(tmp_path):
    with running_broker(tmp_path) as running:
        topic = filled(running)
        assert delete(running.wire(), topic, 2).low_watermark == 2
    with running_broker(tmp_path) as running:
        assert list_offset(running.wire(), topic, -2).offset == 2
