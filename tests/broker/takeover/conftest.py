"""One directory that looks like Apache Kafka's, and a copy of it for each test."""

import pytest

from tests.broker.takeover.kafka_like import Node, made


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """The directory that all copies are of."""
    return made(tmp_path_factory.mktemp("kafka-like") / "data")


@pytest.fixture
def node(original: Node, tmp_path) -> Node:
    """A directory of one's own."""
    return original.copy(tmp_path / "data")
