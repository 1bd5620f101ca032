"""The broker that tests of a module share."""

from collections.abc import Iterator

import pytest

from tests.broker.running import Running, running_broker


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A broker in this process; give topics names of your own with `broker.topic()`."""
    with running_broker(tmp_path_factory.mktemp("broker")) as running:
        yield running
