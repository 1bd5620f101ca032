"""The fixtures that pytest has once logcore is installed.

Invariant: what is not asked for costs nothing, not even an import; every broker is gone when its
scope ends. Override `logcore_settings` in a conftest.py to change what the brokers are told.
Neighbours: pytest finds this by the entry point ``pytest11``; the classes do the work.

Example, a test with any client of Kafka::

    def test_it(logcore_broker, logcore_topic):
        topic = logcore_topic(partitions=3)
        producer = confluent_kafka.Producer(
            {"bootstrap.servers": logcore_broker.bootstrap_servers}
        )
        ...
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from logcore.testing.broker_process import BrokerProcess
    from logcore.testing.local_broker import LocalBroker


@pytest.fixture(scope="session")
def logcore_settings() -> dict[str, str]:
    """What brokers are told, by Kafka's keys; override it to change that."""
    return {}


@pytest.fixture(scope="session")
def logcore_broker(logcore_settings: dict[str, str]) -> "Iterator[LocalBroker]":
    """A broker in this process, one for the whole run; give topics names of your own."""
    from logcore.testing.local_broker import LocalBroker  # noqa: PLC0415 - only where asked for

    with LocalBroker(**logcore_settings) as broker:
        yield broker


@pytest.fixture
def logcore_fresh_broker(logcore_settings: dict[str, str]) -> "Iterator[LocalBroker]":
    """A broker in this process for one test: to stop, to break, and to turn its clock."""
    from logcore.testing.local_broker import LocalBroker  # noqa: PLC0415

    with LocalBroker(**logcore_settings) as broker:
        yield broker


@pytest.fixture
def logcore_broker_process(logcore_settings: dict[str, str]) -> "Iterator[BrokerProcess]":
    """A broker in a process of its own for one test: to kill."""
    from logcore.testing.broker_process import BrokerProcess  # noqa: PLC0415

    with BrokerProcess(**logcore_settings) as broker:
        yield broker


@pytest.fixture
def logcore_topic(logcore_broker: "LocalBroker") -> Callable[..., str]:
    """Make topics in `logcore_broker`: call it as `LocalBroker.create_topic`, and get a name."""
    return logcore_broker.create_topic
