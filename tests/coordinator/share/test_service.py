"""The share coordinator from outside: one method for each API, through crashes and refusals."""

import pytest

from logcore.common.errors import (
    CoordinatorLoadInProgressError,
    FencedStateEpochError,
    InvalidRequestError,
    NotCoordinatorError,
    NotEnoughReplicasError,
    UnknownTopicOrPartitionError,
)
from logcore.coordinator.share.state import ShareKey
from logcore.protocol.messages import delete_share_group_state as deleting
from logcore.protocol.messages import initialize_share_group_state as initialising
from logcore.protocol.messages import read_share_group_state as reading
from logcore.protocol.messages import read_share_group_state_summary as summing
from logcore.protocol.messages import write_share_group_state as updating
from tests.coordinator.share.bench import (
    ACKNOWLEDGED,
    ARCHIVED,
    AVAILABLE,
    KEY,
    OTHER,
    TOPIC,
    Bench,
)


def initialize(bench, partitions=(0,), topic=TOPIC, group="g", offset=-1):
    request = initialising.InitializeShareGroupStateRequest(
        group_id=group,
        topics=[
            initialising.InitializeStateData(
                topic_id=topic,
                partitions=[
                    initialising.PartitionData(partition=each, state_epoch=1, start_offset=offset)
                    for each in partitions
                ],
            )
        ],
    )
    return codes(bench.service.initialize(request).value())


def codes(response):
    return {
        (result.topic_id, each.partition): each.error_code
        for result in response.results
        for each in result.partitions
    }


def write(bench, *batches, partition=0, topic=TOPIC, **given):
    data = updating.PartitionData(
        partition=partition,
        state_epoch=given.pop("state_epoch", 1),
        state_batches=[
            updating.StateBatch(
                first_offset=first, last_offset=last, delivery_state=state, delivery_count=count
            )
            for first, last, state, count in batches
        ],
        **given,
    )
    request = updating.WriteShareGroupStateRequest(
        group_id="g", topics=[updating.WriteStateData(topic_id=topic, partitions=[data])]
    )
    (code,) = codes(bench.service.write_state(request).value()).values()
    return code


def read(bench, partition=0, leader_epoch=0, topic=TOPIC):
    data = reading.PartitionData(partition=partition, leader_epoch=leader_epoch)
    request = reading.ReadShareGroupStateRequest(
        group_id="g", topics=[reading.ReadStateData(topic_id=topic, partitions=[data])]
    )
    return bench.service.read_state(request).value().results[0].partitions[0]


def summary(bench, partition=0):
    data = summing.PartitionData(partition=partition)
    request = summing.ReadShareGroupStateSummaryRequest(
        group_id="g", topics=[summing.ReadStateSummaryData(topic_id=TOPIC, partitions=[data])]
    )
    return bench.service.read_summary(request).value().results[0].partitions[0]


def delete(bench, partition=0, topic=TOPIC):
    data = deleting.PartitionData(partition=partition)
    request = deleting.DeleteShareGroupStateRequest(
        group_id="g", topics=[deleting.DeleteStateData(topic_id=topic, partitions=[data])]
    )
    (code,) = codes(bench.service.delete(request).value()).values()
    return code


def test_a_state_from_beginning_to_end():
    bench = Bench()
    assert initialize(bench, (0, 3)) == {(TOPIC, 0): 0, (TOPIC, 3): 0}
    assert write(bench, (0, 9, AVAILABLE, 1), (10, 11, ARCHIVED, 5), start_offset=0) == 0
    assert write(bench, (0, 4, ACKNOWLEDGED, 1), start_offset=5, delivery_complete_count=2) == 0
    found = read(bench)
    assert (found.error_code, found.state_epoch, found.start_offset) == (0, 1, 5)
    assert [(b.first_offset, b.last_offset, b.delivery_state) for b in found.state_batches] == [
        (5, 9, AVAILABLE), (10, 11, ARCHIVED),
    ]  # fmt: skip
    told = summary(bench)
    assert (told.start_offset, told.delivery_complete_count, told.state_epoch) == (5, 2, 1)
    assert delete(bench) == 0
    assert KEY not in bench.states
    assert delete(bench) == 0  # a second time is no error


@pytest.mark.parametrize("leader_epoch", [0, 3])
def test_a_crash_changes_nothing(leader_epoch):
    bench = Bench()
    initialize(bench, (0, 1))
    read(bench, leader_epoch=leader_epoch)
    write(bench, (0, 9, AVAILABLE, 1), start_offset=0, leader_epoch=leader_epoch)
    write(bench, (2, 5, ACKNOWLEDGED, 1), leader_epoch=leader_epoch)
    delete(bench, 1)
    before = dict(bench.states)
    bench.crash()
    assert bench.states == before
    assert read(bench, leader_epoch=leader_epoch).error_code == 0


def test_a_summary_of_what_was_not_begun():
    told = summary(Bench())
    assert (told.error_code, told.start_offset, told.delivery_complete_count) == (0, -1, -1)
    assert (told.state_epoch, told.leader_epoch) == (0, 0)


def test_refusals_are_told_by_partition():
    bench = Bench()
    initialize(bench)
    assert write(bench, state_epoch=0) == FencedStateEpochError.code
    assert write(bench, partition=1) == InvalidRequestError.code
    assert read(bench, partition=1).error_code == InvalidRequestError.code
    unknown = UnknownTopicOrPartitionError.code
    assert initialize(bench, (0, 4, -1)) == {
        (TOPIC, 0): 0, (TOPIC, 4): unknown, (TOPIC, -1): InvalidRequestError.code,
    }  # fmt: skip
    assert write(bench, topic=b"nobody----------") == InvalidRequestError.code
    assert read(bench, topic=b"nobody----------").error_code == InvalidRequestError.code
    del bench.counts[TOPIC]
    assert write(bench) == unknown
    assert read(bench).error_code == unknown
    bench.counts[TOPIC] = 4
    assert delete(bench, 4) == unknown
    assert summary(bench, 4).error_code == unknown
    assert read(bench, partition=1).error_message


def test_a_request_that_names_nothing_is_answered_with_nothing():
    bench = Bench()
    assert initialize(bench, group="") == {}
    assert initialize(bench, ()) == {}
    assert not bench.states


def test_a_failed_append_is_told_and_changes_nothing():
    bench = Bench()
    initialize(bench)
    before = bench.states[KEY]
    bench.log.fail_with = NotEnoughReplicasError()
    assert write(bench, (0, 9, AVAILABLE, 1)) == 15
    bench.log.fail_with = None
    assert bench.states[KEY] == before


def test_while_loading_and_elsewhere():
    bench = Bench()
    bench.service.on_resigned(0)
    assert initialize(bench) == {(TOPIC, 0): NotCoordinatorError.code}
    bench.service.on_elected(0)
    bench.service.runtime.shard(0).is_loading = True
    loading = CoordinatorLoadInProgressError
    with pytest.raises(loading):
        bench.writing().value()


def test_writes_of_a_key_keep_their_order():
    bench = Bench()
    bench.begin()
    bench.log.is_held = True
    first = bench.writing((0, 9, AVAILABLE, 1))
    second = bench.writing((0, 4, ACKNOWLEDGED, 1), start_offset=5)
    assert len(bench.log.held) == 1
    bench.log.release()
    bench.log.release()
    first.value()
    second.value()
    assert bench.batches() == [(5, 9, AVAILABLE, 1)]


def test_a_deleted_topic_takes_its_states_along():
    bench = Bench()
    bench.begin()
    other = ShareKey("g", OTHER, 0)
    bench.begin(other)
    bench.service.on_topic_deleted("t", TOPIC)
    assert list(bench.states) == [other]


def test_a_topic_deleted_while_nobody_coordinated():
    bench = Bench()
    bench.begin()
    del bench.counts[TOPIC]
    bench.crash()
    bench.scheduler.run_soon()
    assert not bench.states
    assert bench.log.partitions[0][-1][1] is None
