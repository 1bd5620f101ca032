"""What every test shares: how Hypothesis runs, and the fixtures of the peers.

Invariant: a failing property test prints what replays it.
Neighbours: `tests/peers/` holds the peers themselves.
"""

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.peers import absent, apicurio, kafka

if TYPE_CHECKING:
    from tests.guarded import Guarded

settings.register_profile("logcore", deadline=None, print_blob=True)
settings.load_profile("logcore")


LONG = "TEST_LONG"
"""Set by `make interop`: tests that take a minute or more beside a peer run, too."""


def pytest_configure() -> None:
    """Heed Ctrl-C, also where a shell began the tests in the background, which ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what takes long, saying how to run it."""
    if os.environ.get(LONG):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason=f"takes long: {LONG}=1, or make interop"))


@pytest.fixture(scope="session")
def kafka_tools() -> None:
    """Ask for Apache Kafka's own tools; use them as `tests.peers.kafka.dump_log` and friends."""
    reason = kafka.why_absent()
    if reason:
        absent(reason)
    kafka.kafka_classpath()


@pytest.fixture(scope="session")
def kafka_broker(
    kafka_tools: None,  # noqa: ARG001 - asked for to be there first
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[kafka.KafkaBroker]:
    """A broker of Apache Kafka, one for the whole run; give topics names of your own."""
    with kafka.running_kafka(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture(scope="session")
def guarded_kafka(
    kafka_tools: None,  # noqa: ARG001 - asked for to be there first
    tmp_path_factory: pytest.TempPathFactory,
) -> "Iterator[Guarded]":
    """A broker of Apache Kafka with rules and logins, one for the whole run."""
    from tests.guarded import running_guarded_kafka  # noqa: PLC0415 - brings brokers of ours

    with running_guarded_kafka(tmp_path_factory.mktemp("guarded")) as broker:
        yield broker


@pytest.fixture(scope="session")
def apicurio_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apicurio.Registry]:
    """A schema registry, one for the whole run; give subjects names of your own."""
    reason = apicurio.why_absent()
    if reason:
        absent(reason)
    with apicurio.running_registry(tmp_path_factory.mktemp("apicurio")) as registry:
        yield registry
