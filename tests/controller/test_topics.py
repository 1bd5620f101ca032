"""Creating and deleting topics, case by case."""

import itertools

import pytest

from logcore.common.errors import (
    InvalidConfigError,
    InvalidPartitionsError,
    InvalidReplicaAssignmentError,
    InvalidReplicationFactorError,
    InvalidRequestError,
    InvalidTopicError,
    PolicyViolationError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicIdError,
    UnknownTopicOrPartitionError,
)
from logcore.controller.image import PartitionImage
from logcore.controller.topics import (
    TopicCreation,
    TopicDefaults,
    decide_creation,
    decide_deletion,
    resolve_deletion,
)
from logcore.protocol.internal.metadata import RemoveTopicRecord
from logcore.protocol.messages.create_topics import (
    CreatableReplicaAssignment,
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
)
from logcore.protocol.messages.delete_topics import DeleteTopicState
from tests.controller.building import (
    DIRECTORY,
    Rules,
    broker,
    image,
    names_of,
    replayed,
    topic,
    topic_id,
)

EXISTING = image([topic("here"), topic("a.b", number=2)])


def decide(*asked, start=EXISTING, visible=None, defaults=None, validate_only=False):
    ids = (topic_id(number) for number in itertools.count(100))
    defaults = defaults or TopicDefaults()
    creation = TopicCreation(start, Rules(), defaults, lambda: next(ids), visible)
    request = CreateTopicsRequest(topics=list(asked), validate_only=validate_only)
    return decide_creation(creation, request)


def asked(name="new", partitions=1, factor=1, assignments=(), configs=()):
    return CreatableTopic(
        name=name,
        num_partitions=partitions,
        replication_factor=factor,
        assignments=[
            CreatableReplicaAssignment(partition_index=number, broker_ids=brokers)
            for number, brokers in assignments
        ],
        configs=[CreatableTopicConfig(name=key, value=value) for key, value in configs],
    )


def by_hand(*assignments):
    return asked(partitions=-1, factor=-1, assignments=assignments)


def test_a_topic_is_created_with_its_partitions_and_settings():
    records, response = decide(asked(partitions=2, configs=[("retention.ms", "1")]))
    kinds = ["TopicRecord", "PartitionRecord", "PartitionRecord", "ConfigRecord"]
    assert names_of(records) == kinds
    made = replayed(records, EXISTING)
    assert made.topics_by_name["new"].topic_id == topic_id(100)
    assert made.topics_by_name["new"].partitions == tuple(
        PartitionImage(number, (1,), (1,), 1, directories=(DIRECTORY,)) for number in (0, 1)
    )
    assert made.topic_configs("new") == {"retention.ms": "1"}
    [result] = response.topics
    assert (result.name, result.topic_id) == ("new", topic_id(100))
    assert (result.error_code, result.error_message) == (0, None)


def test_the_response_tells_the_settings():
    _, response = decide(asked(configs=[("retention.ms", "7")]))
    [result] = response.topics
    assert (result.num_partitions, result.replication_factor) == (1, 1)
    assert {each.name: each.value for each in result.configs}["retention.ms"] == "7"


def test_settings_are_not_told_to_those_who_may_not_see_them():
    records, response = decide(asked("new"), asked("open"), visible={"open"})
    hidden, told = response.topics
    assert hidden.topic_config_error_code == TopicAuthorizationFailedError.code
    assert (hidden.error_code, hidden.configs) == (0, [])
    assert (hidden.num_partitions, hidden.replication_factor) == (-1, -1)
    assert told.configs
    assert len(records) == 4


def test_settings_that_are_too_large_together_are_refused_topic_by_topic():
    large = ("retention.ms", "1" * (16 << 20))
    half, other = asked("a", configs=[large]), asked("b", configs=[large])
    assert [result.error_code for result in decide(half)[1].topics] == [0]
    for validate_only in (False, True):
        records, response = decide(half, other, asked("c"), validate_only=validate_only)
        assert records == []
        assert {result.error_code for result in response.topics} == {PolicyViolationError.code}
        assert "bytes of settings" in response.topics[2].error_message


def test_a_request_that_is_only_checked_makes_no_records():
    records, response = decide(asked(), asked("here"), validate_only=True)
    assert records == []
    assert [result.error_code for result in response.topics] == [0, TopicAlreadyExistsError.code]


def test_what_is_left_to_the_broker():
    records, response = decide(asked(partitions=-1, factor=-1), defaults=TopicDefaults(4, 1))
    assert response.topics[0].num_partitions == 4
    assert len(records) == 5


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (asked("here"), TopicAlreadyExistsError),
        (asked("a_b"), InvalidTopicError),
        (asked(""), InvalidTopicError),
        (asked(".."), InvalidTopicError),
        (asked("x" * 250), InvalidTopicError),
        (asked("no spaces"), InvalidTopicError),
        (asked("__cluster_metadata"), InvalidRequestError),
        (asked(partitions=0), InvalidPartitionsError),
        (asked(partitions=-2), InvalidPartitionsError),
        (asked(factor=0), InvalidReplicationFactorError),
        (asked(factor=-2), InvalidReplicationFactorError),
        (asked(factor=2), InvalidReplicationFactorError),
        (asked(partitions=10_001), PolicyViolationError),
        (asked(configs=[("nonsense", "1")]), InvalidConfigError),
        (asked(configs=[("retention.ms", "soon")]), InvalidConfigError),
        (asked(configs=[("retention.ms", None)]), InvalidConfigError),
        (asked(partitions=2, factor=-1, assignments=[(0, [1])]), InvalidRequestError),
        (asked(partitions=-1, factor=1, assignments=[(0, [1])]), InvalidRequestError),
        (by_hand((0, [])), InvalidReplicaAssignmentError),
        (by_hand((0, [2])), InvalidReplicaAssignmentError),
        (by_hand((0, [1, 1])), InvalidReplicaAssignmentError),
        (by_hand((1, [1])), InvalidReplicaAssignmentError),
        (by_hand((0, [1]), (2, [1])), InvalidReplicaAssignmentError),
        (by_hand((0, [1]), (0, [1])), InvalidReplicaAssignmentError),
        (by_hand((-1, [1]), (0, [1])), InvalidReplicaAssignmentError),
    ],
)
def test_a_topic_that_is_refused(wanted, error):
    records, response = decide(wanted)
    [result] = response.topics
    assert result.error_code == error.code
    assert result.error_message
    assert result.topic_id == bytes(16)
    assert records == []


def test_one_refused_topic_leaves_the_others_alone():
    records, response = decide(asked("good"), asked("here"), asked("fine"))
    assert [(each.name, each.error_code) for each in response.topics] == [
        ("good", 0),
        ("here", TopicAlreadyExistsError.code),
        ("fine", 0),
    ]
    assert set(replayed(records, EXISTING).topics_by_name) == {"a.b", "here", "good", "fine"}


def test_a_topic_named_twice_is_refused_once():
    records, response = decide(asked("twice"), asked("once"), asked("twice"))
    assert [(each.name, each.error_code) for each in response.topics] == [
        ("twice", InvalidRequestError.code),
        ("once", 0),
    ]
    assert len(records) == 2


def test_too_many_partitions_refuse_the_whole_request():
    records, response = decide(asked("a", 6000), asked("b", 6000))
    assert {each.error_code for each in response.topics} == {PolicyViolationError.code}
    assert records == []


def test_a_negative_count_makes_no_room_for_others():
    _, response = decide(asked("a", 12_000), asked("b", -9000))
    assert {each.error_code for each in response.topics} == {PolicyViolationError.code}


def test_names_of_one_request_may_collide_with_each_other():
    _, response = decide(asked("x.y"), asked("x_y"))
    assert [each.error_code for each in response.topics] == [0, 0]


def test_the_last_of_two_values_of_a_setting_holds():
    records, _ = decide(asked(configs=[("retention.ms", "1"), ("retention.ms", "2")]))
    assert replayed(records, EXISTING).topic_configs("new") == {"retention.ms": "2"}


def test_partitions_assigned_by_hand_in_any_order():
    start = image(brokers=[broker(number) for number in (1, 2, 3)])
    records, response = decide(by_hand((1, [2, 3]), (0, [3, 1])), start=start)
    assert (response.topics[0].num_partitions, response.topics[0].replication_factor) == (2, 2)
    made = replayed(records, start).topics_by_name["new"].partitions
    assert [each.replicas for each in made] == [(3, 1), (2, 3)]
    assert [each.leader for each in made] == [3, 2]


def test_partitions_assigned_by_hand_need_as_many_replicas_each():
    start = image(brokers=[broker(1), broker(2)])
    _, response = decide(by_hand((0, [1, 2]), (1, [1])), start=start)
    assert response.topics[0].error_code == InvalidReplicaAssignmentError.code


# ---- deleting


def resolved(*states):
    start = image([topic("one", number=1), topic("two", number=2)])
    return resolve_deletion(start, list(states))


def by_name(name):
    return DeleteTopicState(name=name)


def by_id(number):
    return DeleteTopicState(topic_id=topic_id(number))


def test_topics_are_found_by_name_and_by_id():
    first, second = resolved(by_name("one"), by_id(2))
    assert [found.topic.name for found in (first, second)] == ["one", "two"]
    assert (first.result.name, first.result.topic_id) == ("one", topic_id(1))
    assert (second.result.name, second.result.topic_id) == ("two", topic_id(2))
    assert (first.state.topic_id, second.state.name) == (bytes(16), None)


@pytest.mark.parametrize(
    ("states", "error"),
    [
        ([by_name("three")], UnknownTopicOrPartitionError),
        ([by_name("")], UnknownTopicOrPartitionError),
        ([by_id(3)], UnknownTopicIdError),
        ([DeleteTopicState()], InvalidRequestError),
        ([DeleteTopicState(name="one", topic_id=topic_id(1))], InvalidRequestError),
        ([by_name("one"), by_name("one")], InvalidRequestError),
        ([by_id(1), by_id(1)], InvalidRequestError),
        ([by_name("one"), by_id(1)], InvalidRequestError),
        ([by_id(1), by_name("one")], InvalidRequestError),
    ],
)
def test_what_cannot_be_deleted_is_refused_once(states, error):
    [found] = resolved(*states)
    assert found.result.error_code == error.code
    assert found.result.error_message
    assert found.topic is None


def test_a_refused_topic_leaves_the_others_alone():
    refused, found = resolved(by_name("three"), by_name("two"))
    assert refused.result.error_code == UnknownTopicOrPartitionError.code
    assert refused.topic is None
    assert found.topic == topic("two", number=2)


def test_a_deletion_is_one_record_each():
    records = decide_deletion([topic("one", number=1), topic("two", number=2)])
    assert records == [RemoveTopicRecord(topic_id=topic_id(number)) for number in (1, 2)]
