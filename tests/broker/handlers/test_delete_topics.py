"""DeleteTopics over the wire; which topics are meant is tested in tests/controller."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.common.uuids import ZERO_UUID
from logcore.protocol.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from logcore.protocol.messages.metadata import MetadataRequest, MetadataRequestTopic
from tests.broker.handlers.refusing import on_cluster, on_topic, refusing
from tests.broker.running import Running, running_broker

UNKNOWN, FORBIDDEN, INVALID_REQUEST, DISABLED, UNKNOWN_ID = 3, 29, 42, 73, 100


def ask(running: Running, *names: str, version: int = 6):
    if version >= 6:
        return by_states(running, *(DeleteTopicState(name=name) for name in names))
    request = DeleteTopicsRequest(topic_names=list(names), timeout_ms=5000)
    return running.wire().ask(request, version).responses


def by_states(running: Running, *states: DeleteTopicState):
    request = DeleteTopicsRequest(topics=list(states), timeout_ms=5000)
    return running.wire().ask(request, 6).responses


def id_of(running: Running, name: str) -> bytes:
    return running.broker.parts.controller.image.topics_by_name[name].topic_id


def exists(running: Running, name: str) -> bool:
    return name in running.broker.parts.controller.image.topics_by_name


@pytest.mark.parametrize("version", range(1, 7))
def test_by_name_in_every_version(broker: Running, version: int):
    name = broker.topic()
    [deleted] = ask(broker, name, version=version)
    assert (deleted.name, deleted.error_code, deleted.error_message) == (name, 0, None)
    assert (deleted.topic_id != ZERO_UUID) is (version >= 6)
    assert not exists(broker, name)
    [gone] = ask(broker, name, version=version)
    assert gone.error_code == UNKNOWN
    assert bool(gone.error_message) is (version >= 5)


def test_by_id(broker: Running):
    name = broker.topic()
    topic_id = id_of(broker, name)
    [deleted] = by_states(broker, DeleteTopicState(topic_id=topic_id))
    assert (deleted.name, deleted.topic_id, deleted.error_code) == (name, topic_id, 0)
    [gone] = by_states(broker, DeleteTopicState(topic_id=topic_id))
    assert (gone.name, gone.topic_id, gone.error_code) == (None, topic_id, UNKNOWN_ID)


def test_a_topic_made_again_has_another_id(broker: Running):
    name = broker.topic()
    before = id_of(broker, name)
    ask(broker, name)
    again = MetadataRequest(topics=[MetadataRequestTopic(name=name)])
    assert broker.wire().ask(again, 12).topics[0].topic_id != before
    assert id_of(broker, name) != before


@pytest.mark.parametrize(("version", "code"), [(1, 42), (2, 42), (3, 73), (6, 73)])
def test_where_deleting_is_switched_off(tmp_path, version: int, code: int):
    with running_broker(tmp_path, **{"delete.topic.enable": "false"}) as running:
        name = running.topic()
        [refused] = ask(running, name, version=version)
        assert (refused.name, refused.error_code) == (name, code)
        assert exists(running, name)


def test_what_may_not_be_deleted(broker: Running):
    kept, deleted = broker.topic(), broker.topic()
    with refusing(broker, on_cluster(Operation.DELETE), on_topic(Operation.DELETE, kept)):
        refused, done = ask(broker, kept, deleted)
    assert (refused.error_code, done.error_code) == (FORBIDDEN, 0)
    assert (refused.name, refused.topic_id) == (kept, ZERO_UUID)
    assert exists(broker, kept)


def test_who_may_delete_in_the_whole_cluster_is_not_asked_by_topic(broker: Running):
    name = broker.topic()
    refused = (on_topic(Operation.DELETE, name), on_topic(Operation.DESCRIBE, name))
    with refusing(broker, *refused):
        [done] = ask(broker, name)
    assert done.error_code == 0


def test_what_may_not_be_seen_is_not_named(broker: Running):
    hidden = broker.topic()
    topic_id = id_of(broker, hidden)
    with refusing(broker, on_cluster(Operation.DELETE), on_topic(Operation.DESCRIBE, hidden)):
        [by_name] = ask(broker, hidden)
        [by_id] = by_states(broker, DeleteTopicState(topic_id=topic_id))
    assert (by_name.error_code, by_name.name, by_name.topic_id) == (FORBIDDEN, hidden, ZERO_UUID)
    assert (by_id.error_code, by_id.name, by_id.topic_id) == (FORBIDDEN, None, topic_id)
    assert exists(broker, hidden)


def test_a_deleted_topic_stays_deleted_after_a_restart(tmp_path):
    with running_broker(tmp_path) as running:
        name = running.topic()
        ask(running, name)
    with running_broker(tmp_path) as running:
        assert not exists(running, name)
