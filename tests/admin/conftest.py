"""The clusters that the tests of this room are for: ours, and Apache Kafka where it can run.

Neighbours: `tests.guarded` has those with rules and logins, whose fixture is re-exported here.
"""

from collections.abc import Iterator

import pytest

from logcore.admin.admin import Admin
from logcore.testing.local_broker import LocalBroker
from tests.guarded import guarded

__all__ = ["guarded"]

CONTESTANTS = ["logcore", pytest.param("kafka", marks=pytest.mark.peer)]


@pytest.fixture(scope="session")
def our_admin() -> Iterator[Admin]:
    """Our broker, asked by our client."""
    with LocalBroker() as broker, Admin(broker.bootstrap_servers) as admin:
        yield admin


@pytest.fixture(scope="session", params=CONTESTANTS)
def admin(request: pytest.FixtureRequest) -> Iterator[Admin]:
    """A cluster: ours, then Apache Kafka's; give what you make names of your own."""
    if request.param == "logcore":
        yield request.getfixturevalue("our_admin")
        return
    kafka = request.getfixturevalue("kafka_broker")
    with Admin(kafka.bootstrap) as client:
        yield client
