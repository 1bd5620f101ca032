"""CreateTopics over the wire; the rules are tested case by case in tests/controller."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.common.uuids import ZERO_UUID
from logcore.protocol.messages.create_topics import (
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
)
from tests.broker.handlers.refusing import on_cluster, on_topic, refusing
from tests.broker.running import NAMES, Running, running_broker

FORBIDDEN, EXISTS, INVALID_CONFIG = 29, 36, 40


def fresh() -> str:
    return f"created-{next(NAMES)}"


def ask(running: Running, *names: str, version: int = 7, configs=(), **rest):
    topics = [
        CreatableTopic(
            name=name,
            num_partitions=2,
            replication_factor=1,
            configs=[CreatableTopicConfig(name=key, value=value) for key, value in configs],
        )
        for name in names
    ]
    request = CreateTopicsRequest(topics=topics, timeout_ms=5000, **rest)
    return running.wire().ask(request, version).topics


def exists(running: Running, name: str) -> bool:
    return name in running.broker.parts.controller.image.topics_by_name


@pytest.mark.parametrize("version", range(2, 8))
def test_in_every_version(broker: Running, version: int):
    name = fresh()
    [topic] = ask(broker, name, version=version, configs=[("retention.ms", "1234")])
    assert (topic.name, topic.error_code, topic.error_message) == (name, 0, None)
    assert (topic.topic_id != ZERO_UUID) is (version >= 7)
    if version >= 5:
        assert (topic.num_partitions, topic.replication_factor) == (2, 1)
        config = {each.name: each for each in topic.configs}["retention.ms"]
        assert (config.value, config.config_source, config.read_only) == ("1234", 1, False)
        assert len(topic.configs) > 25
    assert exists(broker, name)
    [again] = ask(broker, name, version=version)
    assert again.error_code == EXISTS
    assert again.error_message


def test_a_check_creates_nothing(broker: Running):
    name = fresh()
    [topic] = ask(broker, name, validate_only=True)
    assert (topic.error_code, topic.num_partitions) == (0, 2)
    assert not exists(broker, name)


def test_a_setting_that_does_not_exist(broker: Running):
    name = fresh()
    [topic] = ask(broker, name, configs=[("no.such.setting", "1")])
    assert topic.error_code == INVALID_CONFIG
    assert "no.such.setting" in topic.error_message
    assert not exists(broker, name)


def test_what_is_not_allowed_is_refused_and_the_rest_is_made(broker: Running):
    mine, theirs = fresh(), fresh()
    with refusing(broker, on_cluster(Operation.CREATE), on_topic(Operation.CREATE, theirs)):
        codes = {topic.name: topic.error_code for topic in ask(broker, theirs, mine)}
    assert codes == {mine: 0, theirs: FORBIDDEN}
    assert exists(broker, mine)
    assert not exists(broker, theirs)


def test_settings_that_may_not_be_seen_are_not_told(broker: Running):
    name = fresh()
    with refusing(broker, on_topic(Operation.DESCRIBE_CONFIGS, name)):
        [topic] = ask(broker, name)
    assert (topic.error_code, topic.topic_config_error_code) == (0, FORBIDDEN)
    assert topic.configs == []


def test_a_topic_survives_a_restart(tmp_path):
    with running_broker(tmp_path) as running:
        [topic] = ask(running, "kept", configs=[("retention.ms", "77")])
    with running_broker(tmp_path) as running:
        image = running.broker.parts.controller.image
        kept = image.topics_by_name["kept"]
        assert (kept.topic_id, len(kept.partitions)) == (topic.topic_id, 2)
        assert image.topic_configs("kept") == {"retention.ms": "77"}
        assert kept.partitions[0].leader_epoch == 0
