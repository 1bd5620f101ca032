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
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from logcore.admin.admin import Admin
    from logcore.consumer.consumer import Consumer
    from logcore.consumer.share_consumer import ShareConsumer
    from logcore.producer.producer import Producer
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


@pytest.fixture
def logcore_admin(logcore_broker: "LocalBroker") -> "Iterator[Admin]":
    """Administration of `logcore_broker`."""
    from logcore.admin.admin import Admin  # noqa: PLC0415

    with Admin(logcore_broker.bootstrap_servers) as admin:
        yield admin


@pytest.fixture
def logcore_producer(logcore_broker: "LocalBroker") -> "Iterator[Producer]":
    """A producer to `logcore_broker`; what it was given has been sent when the test ends."""
    from logcore.producer.producer import Producer  # noqa: PLC0415

    with Producer(bootstrap_servers=logcore_broker.bootstrap_servers) as producer:
        yield producer


@pytest.fixture
def logcore_consumer(logcore_broker: "LocalBroker") -> "Iterator[Callable[..., Consumer]]":
    """Make consumers of `logcore_broker`: call it as `Consumer`, with topics and settings.

    Each reads from the earliest record, in a group of its own unless one is named, and is closed
    when the test ends.
    """
    from logcore.consumer.consumer import Consumer  # noqa: PLC0415
    from logcore.testing.topics import fresh_name  # noqa: PLC0415

    with ExitStack() as open_consumers:

        def make(*topics: str, **settings: Any) -> Consumer:  # noqa: ANN401 - of any key
            told = {"auto_offset_reset": "earliest", "group_id": fresh_name("group")} | settings
            servers = logcore_broker.bootstrap_servers
            consumer = Consumer(*topics, bootstrap_servers=servers, **told)
            return open_consumers.enter_context(consumer)

        yield make


@pytest.fixture
def logcore_share_consumer(
    logcore_broker: "LocalBroker", logcore_admin: "Admin"
) -> "Iterator[Callable[..., ShareConsumer]]":
    """Make share consumers of `logcore_broker`: call it as `ShareConsumer`.

    Each is in a share group of its own unless one is named, which begins at the earliest record,
    and is closed when the test ends.
    """
    from logcore.admin.configs import Changes, Resource  # noqa: PLC0415
    from logcore.consumer.share_consumer import ShareConsumer  # noqa: PLC0415
    from logcore.testing.topics import fresh_name  # noqa: PLC0415

    with ExitStack() as open_consumers:

        def make(*topics: str, **settings: Any) -> ShareConsumer:  # noqa: ANN401 - of any key
            told = {"group_id": fresh_name("share")} | settings
            earliest = Changes(set={"share.auto.offset.reset": "earliest"})
            group = Resource.group(told["group_id"])
            logcore_admin.configs.alter({group: earliest}).raise_for_errors()
            servers = logcore_broker.bootstrap_servers
            consumer = ShareConsumer(*topics, bootstrap_servers=servers, **told)
            return open_consumers.enter_context(consumer)

        yield make
