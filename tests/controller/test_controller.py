"""The controller on a disk: nothing is shown or answered before it is durable."""

from typing import Any

import pytest

from logcore.common.errors import (
    InvalidRequestError,
    InvalidTopicError,
    KafkaStorageError,
    PolicyViolationError,
    TopicAlreadyExistsError,
    TopicDeletionDisabledError,
    UnknownTopicOrPartitionError,
)
from logcore.controller.client_quotas import Alteration
from logcore.controller.configuration import ConfigChange, ConfigOperation, KeyChange
from logcore.controller.controller import Controller, deletion_refusal
from logcore.controller.features import INITIAL
from logcore.controller.image import MetadataDelta
from logcore.controller.topics import TopicDefaults
from logcore.protocol.internal.metadata import ProducerIdsRecord
from logcore.protocol.messages.create_acls import AclCreation, CreateAclsRequest
from logcore.protocol.messages.create_partitions import (
    CreatePartitionsRequest,
    CreatePartitionsTopic,
)
from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.elect_leaders import ElectLeadersRequest
from logcore.protocol.messages.update_features import FeatureUpdateKey, UpdateFeaturesRequest
from tests.controller.building import NODE, Disk, HeldWorker, InlineWorker, Rules, broker


@pytest.fixture
def disk(tmp_path):
    made = Disk(tmp_path)
    yield made
    made.close()


def started(disk, worker=None):
    """Return a controller on a disk, registered; with a worker that is held from then on."""
    controller = Controller(disk.open(InlineWorker()), NODE, Rules(), lambda: TopicDefaults(2, 1))
    controller.start(broker(), initial_features=INITIAL, was_killed=False).value()
    if worker is not None:
        controller.log._worker = worker
    return controller


def creation(*names, validate_only=False):
    topics = [CreatableTopic(name=name, num_partitions=1, replication_factor=1) for name in names]
    return CreateTopicsRequest(topics=topics, validate_only=validate_only)


def codes(response):
    return [topic.error_code for topic in response.topics]


def test_a_start_registers_the_node(disk):
    controller = started(disk)
    assert controller.image.features == INITIAL
    assert controller.image.brokers[NODE].epoch == controller.image.offset == len(INITIAL)
    again = started(disk)
    assert again.image.brokers[NODE].epoch == len(INITIAL) + 1
    assert again.leader_epoch == 2


def test_a_topic_is_there_when_its_creation_is_answered(disk):
    worker = HeldWorker()
    controller = started(disk, worker)
    answer = controller.create_topics(creation("t"))
    assert not answer.is_done
    assert "t" not in controller.image.topics_by_name
    worker.step()
    assert codes(answer.value()) == [0]
    assert "t" in controller.image.topics_by_name


def test_subscribers_hear_of_a_change_before_it_is_answered(disk):
    controller = started(disk)
    events: list[Any] = []
    controller.subscribe(events.append)
    controller.create_topics(creation("t", "u")).then(events.append)
    delta, done = events
    assert isinstance(delta, MetadataDelta)
    assert [topic.name for topic in delta.created_topics] == ["t", "u"]
    assert delta.new is controller.image
    assert codes(done.value()) == [0, 0]


def test_a_subscriber_that_fails_stops_nobody_else(disk, caplog):
    controller = started(disk)
    heard: list[Any] = []
    controller.subscribe(lambda _: 1 / 0)
    controller.subscribe(heard.append)
    assert codes(controller.create_topics(creation("t")).value()) == [0]
    assert codes(controller.create_topics(creation("u")).value()) == [0]
    assert len(heard) == 2
    assert "ZeroDivisionError" in caplog.text


def test_decisions_are_built_on_what_was_decided_before(disk):
    worker = HeldWorker()
    controller = started(disk, worker)
    first = controller.create_topics(creation("t"))
    second = controller.create_topics(creation("t", "u"))
    more = CreatePartitionsTopic(name="u", count=3, assignments=None)
    third = controller.create_partitions(CreatePartitionsRequest(topics=[more]))
    worker.step()
    worker.step()
    assert codes(first.value()) == [0]
    assert codes(second.value()) == [TopicAlreadyExistsError.code, 0]
    assert third.value().results[0].error_code == 0
    assert len(controller.image.topics_by_name["u"].partitions) == 3


def test_an_answer_without_records_waits_for_what_it_was_built_on(disk):
    worker = HeldWorker()
    controller = started(disk, worker)
    controller.create_topics(creation("t"))
    refused = controller.create_topics(creation("t"))
    assert not refused.is_done
    worker.step()
    assert codes(refused.value()) == [TopicAlreadyExistsError.code]
    assert controller.create_topics(creation("t")).is_done


def test_a_failed_disk_fails_what_waits_and_all_that_comes(disk):
    worker = HeldWorker()
    controller = started(disk, worker)
    events: list[Any] = []
    controller.subscribe(events.append)
    disk.storage.is_broken = True
    answers = [controller.create_topics(creation(name)) for name in ("t", "u", "t")]
    worker.step()
    answers.append(controller.create_topics(creation("v")))
    for answer in answers:
        with pytest.raises(KafkaStorageError):
            answer.value()
    assert not events
    assert controller.image.topics_by_name == {}
    assert controller.close().is_done


UNWRITABLE = "\ud800"


def rule(principal):
    return AclCreation(
        resource_type=2,
        resource_name="t",
        resource_pattern_type=3,
        principal=f"User:{principal}",
        host="*",
        operation=3,
        permission_type=3,
    )


def refused_changes(controller):
    """Ask for changes that cannot be written; return what each is answered with."""
    setting = KeyChange("cleanup.policy", ConfigOperation.SET, UNWRITABLE)
    user = (("user", UNWRITABLE),)
    return [
        controller.ensure_topic("w", configs={"cleanup.policy": UNWRITABLE}),
        controller.create_acls(CreateAclsRequest(creations=[rule(UNWRITABLE)])).map(
            lambda response: response.results[0].error_code
        ),
        controller.alter_configs([ConfigChange(2, "t", [setting])]).map(
            lambda outcomes: outcomes[0].error.code
        ),
        controller.alter_client_quotas([Alteration(user, [("request_percentage", 5.0)])]).map(
            lambda outcomes: outcomes[user].code
        ),
        controller.change(lambda _: ([ProducerIdsRecord(broker_id=1 << 40)], None)),
    ]


def test_what_cannot_be_written_is_refused_alone_and_leaves_no_trace(disk):
    worker = HeldWorker()
    controller = started(disk)
    controller.create_topics(creation("t")).value()
    offset = controller.image.offset
    controller.log._worker = worker
    before = controller.create_topics(creation("u"))
    answers = refused_changes(controller)
    after = controller.create_topics(creation("v"))
    assert [answer.is_done for answer in answers] == [False] * 4 + [True]
    worker.step()
    worker.step()
    for answer in (answers[0], answers[4]):
        with pytest.raises(InvalidRequestError):
            answer.value()
    assert [answer.value() for answer in answers[1:4]] == [InvalidRequestError.code] * 3
    assert codes(before.value()) == codes(after.value()) == [0]
    assert controller.image.offset == offset + 4
    assert controller.log.failure is None
    assert sorted(started(disk).image.topics_by_name) == ["t", "u", "v"]


def test_a_change_that_is_too_large_is_refused_result_by_result(disk, monkeypatch):
    controller = started(disk)
    controller.create_topics(creation("t", "u")).value()
    monkeypatch.setattr("logcore.controller.proposals.BATCH_BYTES_MAX", 100)
    topics = [CreatePartitionsTopic(name=name, count=2, assignments=None) for name in ("t", "x")]
    added = controller.create_partitions(CreatePartitionsRequest(topics=topics)).value()
    told = {result.name: result.error_code for result in added.results}
    assert told == {"t": PolicyViolationError.code, "x": UnknownTopicOrPartitionError.code}
    created = controller.create_topics(creation("t", "v")).value()
    assert codes(created) == [TopicAlreadyExistsError.code, PolicyViolationError.code]
    assert created.topics[1].num_partitions == -1
    monkeypatch.undo()
    assert codes(controller.create_topics(creation("v")).value()) == [0]


def test_topics_are_deleted_once(disk):
    controller = started(disk)
    controller.create_topics(creation("t", "u")).value()
    topic = controller.image.topics_by_name["t"]
    controller.delete_topics([topic]).value()
    controller.delete_topics([topic]).value()
    assert list(controller.image.topics_by_name) == ["u"]


def test_a_topic_is_made_sure_of(disk):
    controller = started(disk)
    made = controller.ensure_topic("t", configs={"retention.ms": "7"}).value()
    assert len(made.partitions) == 2
    assert controller.image.topic_configs("t") == {"retention.ms": "7"}
    offset = controller.image.offset
    assert controller.ensure_topic("t").value() is made
    assert controller.image.offset == offset


def test_a_topic_is_made_once_whoever_asks(disk):
    worker = HeldWorker()
    controller = started(disk, worker)
    by_hand = controller.create_topics(creation("hand"))
    answers = [controller.ensure_topic(name) for name in ("t", "t", "hand", "t")]
    while worker.waiting:
        worker.step()
    topics = controller.image.topics_by_name
    assert [answer.value() for answer in answers] == [topics[n] for n in ("t", "t", "hand", "t")]
    assert codes(by_hand.value()) == [0]
    assert len(topics) == 2


def test_a_topic_that_cannot_be_made_says_why(disk):
    worker = HeldWorker()
    controller = started(disk)
    with pytest.raises(InvalidTopicError):
        controller.ensure_topic("not a name").value()
    controller.log._worker = worker
    controller.create_topics(creation("a.b"))
    colliding = [controller.ensure_topic("a_b"), controller.ensure_topic("a_b")]
    worker.step()
    for answer in colliding:
        with pytest.raises(InvalidTopicError):
            answer.value()
    assert not controller._creating


def test_producer_ids_are_given_once_also_across_starts(disk):
    worker = HeldWorker()
    controller = started(disk, worker)
    blocks = [controller.allocate_producer_ids() for _ in range(2)]
    worker.step()
    worker.step()
    assert [block.value() for block in blocks] == [range(1000), range(1000, 2000)]
    assert started(disk).allocate_producer_ids().value() == range(2000, 3000)


def test_settings_are_changed_and_checked(disk):
    controller = started(disk)
    controller.create_topics(creation("t")).value()
    events: list[Any] = []
    controller.subscribe(events.append)
    change = ConfigChange(2, "t", [KeyChange("retention.ms", ConfigOperation.SET, "9")])
    [outcome] = controller.alter_configs([change], validate_only=True).value()
    assert outcome.error is None
    assert controller.image.configs == {}
    controller.alter_configs([change]).value()
    assert controller.image.topic_configs("t") == {"retention.ms": "9"}
    [delta] = events
    assert delta.changed_configs == {(2, "t")}
    assert started(disk).image.topic_configs("t") == {"retention.ms": "9"}


def test_features_and_elections(disk):
    controller = started(disk)
    update = FeatureUpdateKey(feature="group.version", max_version_level=0, upgrade_type=2)
    request = UpdateFeaturesRequest(feature_updates=[update])
    assert controller.update_features(request, 2).value().error_code == 0
    assert "group.version" not in controller.image.features
    assert controller.elect_leaders(ElectLeadersRequest(topic_partitions=None)).is_done


def test_a_snapshot_is_written_when_it_is_due_and_at_the_end(disk):
    controller = started(disk)
    controller.log.bytes_since_snapshot = 20 << 20
    controller.create_topics(creation("t")).value()
    assert len(list(disk.directory.glob("*.checkpoint"))) == 1
    controller.close().value()
    assert len(list(disk.directory.glob("*.checkpoint"))) == 1
    controller.create_topics(creation(*(f"t-{number}" for number in range(300)))).value()
    controller.close().value()
    assert len(list(disk.directory.glob("*.checkpoint"))) == 2
    assert len(started(disk).image.topics_by_name) == 301


def test_how_a_deletion_is_refused_depends_on_the_version():
    assert isinstance(deletion_refusal(1), InvalidRequestError)
    assert isinstance(deletion_refusal(3), TopicDeletionDisabledError)
