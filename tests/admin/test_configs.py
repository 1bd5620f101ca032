"""Settings are read and changed, of whom they are asked, and nothing else is touched."""

import pytest

from logcore.admin.admin import Admin
from logcore.admin.configs import Changes, Resource, ResourceKind, Source
from logcore.admin.topics import NewTopic
from logcore.common.errors import InvalidConfigError, UnknownTopicOrPartitionError
from logcore.testing.topics import fresh_name
from tests.admin.made import make_topics
from tests.eventually import eventually


@pytest.fixture
def topic(admin: Admin) -> Resource:
    name = fresh_name()
    make_topics(admin, NewTopic(name, configs={"retention.ms": "5000"}))
    return Resource.topic(name)


def test_reading(admin: Admin, topic: Resource) -> None:
    found = admin.configs.describe(topic, with_synonyms=True, with_documentation=True)[topic]
    retention = found["retention.ms"]
    assert (retention.value, retention.source) == ("5000", Source.DYNAMIC_TOPIC)
    assert retention.synonyms[0] == ("retention.ms", "5000", Source.DYNAMIC_TOPIC)
    assert retention.documentation
    assert found["segment.ms"].is_default
    some = admin.configs.describe(topic, keys=["segment.ms"])[topic]
    assert list(some) == ["segment.ms"]


def test_changing(admin: Admin, topic: Resource) -> None:
    changes = Changes(
        set={"segment.ms": "7000"}, delete=["retention.ms"], append={"cleanup.policy": "compact"}
    )
    admin.configs.alter({topic: changes}).raise_for_errors()
    eventually(lambda: admin.configs.describe(topic)[topic]["segment.ms"].value == "7000")
    found = admin.configs.describe(topic)[topic]
    assert found["retention.ms"].is_default
    assert found["cleanup.policy"].value == "delete,compact"
    admin.configs.alter({topic: Changes(subtract={"cleanup.policy": "delete"})}).raise_for_errors()
    eventually(lambda: admin.configs.describe(topic)[topic]["cleanup.policy"].value == "compact")


def test_only_to_see_if_it_could_be_changed(admin: Admin, topic: Resource) -> None:
    changes = {topic: Changes(set={"segment.ms": "7000"})}
    admin.configs.alter(changes, validate_only=True).raise_for_errors()
    assert admin.configs.describe(topic)[topic]["segment.ms"].is_default


def test_what_is_refused(admin: Admin, topic: Resource) -> None:
    gone = Resource.topic(fresh_name())
    results = admin.configs.alter(
        {topic: Changes(set={"retention.ms": "soon"}), gone: Changes(set={"retention.ms": "1"})}
    )
    assert isinstance(results.errors[topic], InvalidConfigError)
    assert isinstance(results.errors[gone], UnknownTopicOrPartitionError)


def test_of_one_broker_and_of_all(admin: Admin) -> None:
    (node,) = (broker.node_id for broker in admin.cluster.describe().brokers)
    one, every = Resource.broker(node), Resource.broker()
    found = admin.configs.describe(one, every)
    assert found[one]["node.id"].is_read_only
    assert "node.id" not in found[every]
    assert (one.node_id, every.node_id) == (node, None)


def test_what_has_settings(admin: Admin) -> None:
    group = Resource.group(fresh_name("group"))
    admin.configs.alter(
        {group: Changes(set={"consumer.session.timeout.ms": "46000"})}
    ).raise_for_errors()
    eventually(lambda: group in admin.configs.resources(ResourceKind.GROUP))
