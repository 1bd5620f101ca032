"""The clusters that tests of clients are for: ours, and Apache Kafka where it can run.

Invariant: a test that asks for `cluster` runs against each; topics have names nobody else has.
Neighbours: the conftests of `tests/producer` and `tests/consumer` re-export the fixtures.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from logcore.admin.admin import Admin
from logcore.testing.local_broker import LocalBroker
from logcore.testing.topics import create_topic
from tests.admin.made import is_led
from tests.eventually import eventually

CONTESTANTS = ["logcore", pytest.param("kafka", marks=pytest.mark.peer)]
NAMES = itertools.count()


@dataclass
class Cluster:
    """A running cluster, and what tests do with it."""

    bootstrap: str
    kind: str

    def topic(self, partitions: int = 1, **configs: str) -> str:
        """Create a topic of a name nobody else has; settings with underscores for dots."""
        name = f"clients-{next(NAMES)}"
        settings = {key.replace("_", "."): value for key, value in configs.items()}
        create_topic(self.bootstrap, name, partitions, settings)
        if self.kind == "kafka":
            with Admin(self.bootstrap) as admin:
                eventually(lambda: is_led(admin, name))
        return name

    def group(self) -> str:
        """Return the name of a group that nobody else has."""
        return f"group-{next(NAMES)}"


@pytest.fixture(scope="session")
def our_cluster() -> Iterator[Cluster]:
    """Our broker, in this process."""
    with LocalBroker() as broker:
        yield Cluster(broker.bootstrap_servers, "logcore")


@pytest.fixture(scope="session", params=CONTESTANTS)
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster: ours, then Apache Kafka's."""
    if request.param == "logcore":
        yield request.getfixturevalue("our_cluster")
        return
    yield Cluster(request.getfixturevalue("kafka_broker").bootstrap, "kafka")
