"""Topics for tests are there when the call returns, or the broker's reason is raised."""

import pytest

from logcore.common.errors import InvalidConfigError, TopicAlreadyExistsError
from logcore.testing.local_broker import LocalBroker
from logcore.testing.topics import create_topic, fresh_name


def test_names_are_fresh() -> None:
    assert len({fresh_name() for _ in range(100)}) == 100
    assert fresh_name("orders").startswith("orders-")


def test_a_topic_is_created_with_its_settings(logcore_broker: LocalBroker) -> None:
    name = fresh_name()
    create_topic(logcore_broker.bootstrap_servers, name, 3, {"retention.ms": 5})
    with pytest.raises(TopicAlreadyExistsError, match=name):
        create_topic(logcore_broker.bootstrap_servers, name)


def test_the_reason_is_raised(logcore_broker: LocalBroker) -> None:
    with pytest.raises(InvalidConfigError, match="bogus"):
        create_topic(logcore_broker.bootstrap_servers, fresh_name(), 1, {"bogus": 5})
