"""WriteTxnMarkers: how an operator ends a transaction that hangs."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from logcore.protocol.messages.write_txn_markers import (
    WritableTxnMarker,
    WritableTxnMarkerTopic,
    WriteTxnMarkersRequest,
)
from tests.broker.handlers.asking import fetch
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.handlers.transacting import Producer, committed, offset_of
from tests.broker.running import Running


def markers(producer: Producer, topic: str, *partitions: int, epoch: int | None = None):
    asked = WritableTxnMarkerTopic(name=topic, partition_indexes=list(partitions))
    return WriteTxnMarkersRequest(
        markers=[
            WritableTxnMarker(
                producer_id=producer.producer_id,
                producer_epoch=producer.epoch if epoch is None else epoch,
                transaction_result=False,
                topics=[asked],
            )
        ]
    )


def codes(response) -> dict[int, int]:
    (marker,) = response.markers
    return {each.partition_index: each.error_code for each in marker.topics[0].partitions}


@pytest.mark.parametrize("version", [1, 2])
def test_an_abort_lets_readers_go_on(broker: Running, version: int):
    topic, producer = broker.topic(), Producer(broker)
    assert producer.init() == 0
    assert producer.write(topic, b"lost").error_code == 0
    assert fetch(broker.wire(), topic, 0, isolation_level=1).last_stable_offset == 0
    assert codes(broker.wire().ask(markers(producer, topic, 0), version)) == {0: 0}
    assert fetch(broker.wire(), topic, 0, isolation_level=1).last_stable_offset == 2
    assert committed(broker, topic) == []


def test_an_epoch_from_the_past(broker: Running):
    topic, producer = broker.topic(), Producer(broker)
    assert (producer.init(), producer.init()) == (0, 0)
    assert producer.write(topic, b"x").error_code == 0
    assert codes(broker.wire().ask(markers(producer, topic, 0, epoch=0), 1)) == {0: 47}


def test_pending_offsets_go_with_it(broker: Running):
    topic, producer = broker.topic(), Producer(broker)
    broker.wire().ask(FindCoordinatorRequest(coordinator_keys=["g"]), 6)
    assert producer.init() == 0
    assert producer.commit_offset("marked", topic, 7) == 0
    index = broker.broker.parts.groups.partition_for("marked")
    request = markers(producer, "__consumer_offsets", index)
    assert codes(broker.wire().ask(request, 1)) == {index: 0}
    assert offset_of(broker, "marked", topic, require_stable=True) == (-1, 0)


def test_who_may_not_and_what_is_not_there(broker: Running):
    topic, producer = broker.topic(), Producer(broker)
    assert producer.init() == 0
    assert codes(broker.wire().ask(markers(producer, topic, 9), 1)) == {9: 3}
    request = markers(producer, topic, 0)
    with refusing(broker, on_cluster(Operation.CLUSTER_ACTION), on_cluster(Operation.ALTER)):
        assert codes(broker.wire().ask(request, 1)) == {0: 31}
    with refusing(broker, on_cluster(Operation.CLUSTER_ACTION)):
        assert codes(broker.wire().ask(request, 1)) == {0: 0}
