"""A twin's methods have the core's names, docstrings, arguments and results."""

import asyncio
from collections.abc import Iterator

import pytest

from logcore.client.blocking import blocking, on_loop
from logcore.client.loop_thread import LoopThread


class Core:
    async def add(self, one: int, *, other: int = 1) -> int:
        """Add."""
        await asyncio.sleep(0)
        return one + other

    def name(self) -> str:
        """Return a name."""
        return f"on {asyncio.get_running_loop() is not None}"


class Sync:
    add = blocking(Core.add)
    name = on_loop(Core.name)

    def __init__(self) -> None:
        self.core = Core()
        self.runner = LoopThread("sync")


@pytest.fixture
def twin() -> Iterator[Sync]:
    made = Sync()
    yield made
    made.runner.close()


def test_methods_wait(twin: Sync) -> None:
    assert twin.add(1) == 2
    assert twin.add(1, other=5) == 6
    assert (Sync.add.__name__, Sync.add.__doc__) == ("add", "Add.")
    with pytest.raises(TypeError):
        twin.add()  # type: ignore[call-arg]  # the fault


def test_methods_that_do_not_wait_run_on_the_loop(twin: Sync) -> None:
    assert twin.name() == "on True"
