"""What a node records of itself: in a new cluster, after a stop, after a kill."""

import pytest

from logcore.controller.features import INITIAL
from logcore.controller.image import EMPTY, NO_LEADER, PartitionImage, TopicImage
from logcore.controller.registration import decide_leave, decide_start
from tests.controller.building import NODE, broker, image, names_of, replayed, topic, topic_id


def start(begin, *, next_offset=0, was_killed=False):
    return decide_start(
        begin, broker(), next_offset=next_offset, initial_features=INITIAL, was_killed=was_killed
    )


def test_a_new_cluster_begins_with_its_features():
    records = start(EMPTY)
    assert names_of(records) == [
        *["FeatureLevelRecord"] * len(INITIAL), "RegisterBrokerRecord"
    ]  # fmt: skip
    assert records[0].name == "metadata.version"
    made = replayed(records)
    assert made.features == INITIAL
    assert made.brokers[1].incarnation_id == broker().incarnation_id


def test_the_epoch_of_a_registration_is_its_offset():
    assert replayed(start(EMPTY)).brokers[1].epoch == len(INITIAL)
    assert replayed(start(image(), next_offset=70), image()).brokers[1].epoch == 70


def test_an_old_cluster_keeps_its_features():
    begin = image(features={"metadata.version": 30})
    assert names_of(start(begin)) == ["RegisterBrokerRecord"]


def test_a_node_that_stopped_in_order_keeps_its_leader_epochs():
    begin = image([topic("t", 2)])
    after = replayed(start(begin), begin)
    assert after.topics_by_name == begin.topics_by_name


def test_a_node_that_was_killed_starts_new_leader_epochs():
    begin = image([topic("t", 2), topic("other", number=2, node=9)])
    after = replayed(start(begin, was_killed=True), begin)
    mine, others = after.topics_by_name["t"], after.topics_by_name["other"]
    assert [each.leader_epoch for each in mine.partitions] == [1, 1]
    assert [each.leader for each in mine.partitions] == [1, 1]
    assert others.partitions[0].leader_epoch == 0


@pytest.mark.parametrize(
    ("isr", "eligible", "led"), [((1,), (), True), ((), (1,), True), ((), (2,), False)]
)
def test_a_partition_without_a_leader_is_led_by_who_has_its_records(isr, eligible, led):
    partition = PartitionImage(
        0, (1, 2), isr, NO_LEADER, leader_epoch=4, eligible_leader_replicas=eligible
    )
    begin = image([TopicImage("t", topic_id(1), (partition,))])
    after = replayed(start(begin), begin).topics_by_name["t"].partitions[0]
    if not led:
        assert after == partition
        return
    assert (after.leader, after.leader_epoch, after.isr) == (1, 5, (1,))
    assert after.eligible_leader_replicas == ()


def test_a_stop_fences_the_node_once():
    [record] = decide_leave(image(), NODE)
    stopped = replayed([record], image())
    assert stopped.brokers[NODE].is_fenced
    assert decide_leave(stopped, NODE) == []
    assert decide_leave(image(brokers=[]), NODE) == []
