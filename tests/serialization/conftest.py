"""What tests of serializers share: a real registry, and names that nobody else has."""

import itertools

import pytest

from logcore.serialization.registry.registry import SchemaRegistry

NAMES = itertools.count()


@pytest.fixture
def registry(apicurio_registry):
    """A client of a real schema registry."""
    with SchemaRegistry(apicurio_registry.url) as client:
        yield client


@pytest.fixture
def topic():
    """The name of a topic that no other test has: no other test has its subjects, either."""
    return f"serde-{next(NAMES)}"
