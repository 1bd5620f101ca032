"""Replay, record by record: what appears, changes, goes; what makes no sense."""

from dataclasses import replace

import pytest

from logcore.controller.image import EMPTY
from logcore.controller.records import topic_records
from logcore.controller.replay import ImageBuilder, ReplayError
from logcore.protocol.internal.metadata import (
    AbortTransactionRecord,
    BeginTransactionRecord,
    BrokerRegistrationChangeRecord,
    ClearElrRecord,
    ConfigRecord,
    EndTransactionRecord,
    FeatureLevelRecord,
    FenceBrokerRecord,
    NoOpRecord,
    PartitionChangeRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterControllerRecord,
    RemoveTopicRecord,
    TopicRecord,
    UnfenceBrokerRecord,
    UnregisterBrokerRecord,
)
from logcore.protocol.internal.raft import SnapshotFooterRecord
from tests.controller.building import broker, image, replayed, topic, topic_id


def config(name, value, resource="t", kind=2):
    return ConfigRecord(resource_type=kind, resource_name=resource, name=name, value=value)


def delta_of(start, *records):
    builder = ImageBuilder(start)
    for record in records:
        builder.replay(record)
    return builder.finish(start.offset + len(records), 3)


def test_a_topic_appears_under_its_name_and_its_id():
    delta = delta_of(EMPTY, *topic_records(topic("t", 3)))
    assert delta.created_topics == (topic("t", 3),)
    assert delta.new.topics_by_name["t"] is delta.new.topics_by_id[topic_id(1)]
    assert (delta.new.offset, delta.new.epoch) == (3, 3)
    assert delta.old is EMPTY


def test_what_is_not_touched_is_shared():
    start = image([topic("t")], configs={(2, "t"): {"a": "b"}})
    new = delta_of(start, ProducerIdsRecord(next_producer_id=1000)).new
    assert new.next_producer_id == 1000
    assert new.topics_by_name is start.topics_by_name
    assert new.topics_by_id is start.topics_by_id
    assert new.configs is start.configs
    assert new.brokers is start.brokers


def test_the_old_image_stays_as_it_was():
    start = image([topic("t")], configs={(2, "t"): {"a": "b"}})
    before = repr(start)
    delta_of(
        start,
        config("a", "c"),
        PartitionChangeRecord(partition_id=0, topic_id=topic_id(1), leader=1),
        RemoveTopicRecord(topic_id=topic_id(1)),
        FeatureLevelRecord(name="group.version", feature_level=0),
    )
    assert repr(start) == before


def test_a_changed_partition_makes_a_changed_topic():
    record = PartitionChangeRecord(partition_id=1, topic_id=topic_id(1), leader=1)
    delta = delta_of(image([topic("t", 2), topic("u", number=2)]), record)
    assert [each.name for each in delta.changed_topics] == ["t"]
    assert not delta.created_topics
    assert [each.leader_epoch for each in delta.new.topics_by_name["t"].partitions] == [0, 1]


def test_added_partitions_make_a_changed_topic():
    record = PartitionRecord(partition_id=1, topic_id=topic_id(1), replicas=[1], isr=[1], leader=1)
    delta = delta_of(image([topic("t")]), record)
    assert len(delta.changed_topics[0].partitions) == 2


def test_a_deleted_topic_takes_its_settings_along():
    start = image([topic("t"), topic("u", number=2)], configs={(2, "t"): {"a": "b"}})
    delta = delta_of(start, RemoveTopicRecord(topic_id=topic_id(1)))
    assert delta.deleted_topics == (topic("t"),)
    assert list(delta.new.topics_by_name) == ["u"]
    assert list(delta.new.topics_by_id) == [topic_id(2)]
    assert delta.new.configs == {}
    assert delta.changed_configs == {(2, "t")}


def test_a_topic_deleted_and_made_again_is_both():
    again = topic("t", number=2)
    delta = delta_of(
        image([topic("t")]),
        RemoveTopicRecord(topic_id=topic_id(1)),
        *topic_records(again),
        config("a", "b"),
    )
    assert delta.deleted_topics == (topic("t"),)
    assert delta.created_topics == (again,)
    assert delta.new.topics_by_name == {"t": again}
    assert delta.new.topics_by_id == {topic_id(2): again}
    assert delta.new.topic_configs("t") == {"a": "b"}


def test_a_topic_made_and_deleted_at_once_leaves_nothing():
    delta = delta_of(EMPTY, *topic_records(topic("t")), RemoveTopicRecord(topic_id=topic_id(1)))
    assert not delta.created_topics
    assert not delta.deleted_topics
    assert delta.new.topics_by_name == {}


def test_settings_are_set_replaced_and_taken_back():
    set_both = replayed([config("a", "1"), config("b", "2"), config("a", "3")])
    assert set_both.topic_configs("t") == {"a": "3", "b": "2"}
    assert replayed([config("a", None)], set_both).topic_configs("t") == {"b": "2"}
    gone = replayed([config("a", None), config("b", None)], set_both)
    assert gone.configs == {}


def test_features_come_change_and_go():
    level = FeatureLevelRecord
    start = replayed([level(name="x.version", feature_level=2)])
    assert start.features == {"x.version": 2}
    assert replayed([level(name="x.version", feature_level=0)], start).features == {}


def test_brokers_are_fenced_let_in_and_struck_off():
    start = image()
    record = BrokerRegistrationChangeRecord(broker_id=1, broker_epoch=11, fenced=1)
    assert replayed([record], start).brokers[1].is_fenced
    fenced = delta_of(start, FenceBrokerRecord(id=1, epoch=11))
    assert fenced.changed_brokers == {1}
    assert fenced.new.brokers[1].is_fenced
    assert not replayed([UnfenceBrokerRecord(id=1, epoch=11)], fenced.new).brokers[1].is_fenced
    gone = replayed([UnregisterBrokerRecord(broker_id=1, broker_epoch=11)], start)
    assert gone.brokers == {}


def test_a_no_op_moves_the_offset_only():
    delta = delta_of(image([topic("t")]), NoOpRecord())
    assert delta.new.offset == 0
    assert not delta.changed_topics


def test_what_is_said_of_controllers_changes_nothing():
    assert replayed([RegisterControllerRecord(controller_id=1)]) == EMPTY


@pytest.mark.parametrize("name", ["t", ""])
def test_eligible_leaders_are_forgotten(name):
    partition = replace(
        topic("t").partitions[0], eligible_leader_replicas=(1,), last_known_elr=(2,)
    )
    start = image([replace(topic("t"), partitions=(partition,))])
    assert replayed([ClearElrRecord(topic_name=name)], start).topics_by_name["t"] == topic("t")


def test_a_transaction_takes_effect_at_its_end():
    builder = ImageBuilder(EMPTY)
    builder.replay(BeginTransactionRecord(name="many"))
    for record in topic_records(topic("t")):
        builder.replay(record)
    assert builder.is_in_transaction
    builder.replay(EndTransactionRecord())
    assert list(builder.finish(3, 1).new.topics_by_name) == ["t"]


def test_an_aborted_transaction_has_no_effect():
    records = [BeginTransactionRecord(), *topic_records(topic("t")), AbortTransactionRecord()]
    assert replayed(records) == EMPTY


@pytest.mark.parametrize(
    ("start", "records", "reason"),
    [
        (EMPTY, [RemoveTopicRecord(topic_id=topic_id(1))], "unknown topic id"),
        (EMPTY, [PartitionRecord(partition_id=0, topic_id=topic_id(1))], "unknown topic id"),
        (
            image([topic("t")]),
            [PartitionChangeRecord(partition_id=1, topic_id=topic_id(1))],
            "does not exist",
        ),
        (image([topic("t")]), [TopicRecord(name="t", topic_id=topic_id(2))], "created twice"),
        (
            image([topic("t")]),
            [RemoveTopicRecord(topic_id=topic_id(1)), RemoveTopicRecord(topic_id=topic_id(1))],
            "unknown topic id",
        ),
        (
            EMPTY,
            [
                TopicRecord(name="t", topic_id=topic_id(1)),
                PartitionRecord(partition_id=1, topic_id=topic_id(1)),
            ],
            "a gap",
        ),
        (EMPTY, [FenceBrokerRecord(id=1, epoch=1)], "never registered"),
        (image(), [FenceBrokerRecord(id=1, epoch=1)], "in epoch 1, not 11"),
        (EMPTY, [ClearElrRecord(topic_name="t")], "unknown topic t"),
        (EMPTY, [EndTransactionRecord()], "had not begun"),
        (EMPTY, [BeginTransactionRecord(), BeginTransactionRecord()], "within another"),
        (EMPTY, [SnapshotFooterRecord()], "SnapshotFooterRecord is not supported"),
    ],
)
def test_a_record_that_makes_no_sense_is_an_error(start, records, reason):
    with pytest.raises(ReplayError, match=reason):
        replayed(records, start)


def test_many_changes_of_one_topic_are_one():
    records = [
        PartitionChangeRecord(partition_id=0, topic_id=topic_id(1), leader=1) for _ in range(5)
    ]
    delta = delta_of(image([topic("t")], brokers=[broker()]), *records)
    assert len(delta.changed_topics) == 1
    assert delta.changed_topics[0].partitions[0].leader_epoch == 5
