"""A broker in this process, on a loop of its own in a thread, for tests that speak to it.

Invariant: whatever a test does, the broker is stopped and its thread has ended afterwards.
"""

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.server import Broker
from logcore.protocol.messages.create_topics import (
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
)
from tests.broker.wire import Wire

NAMES = itertools.count()


@dataclass
class Running:
    """A running broker, and what tests do with it."""

    broker: Broker
    loop: asyncio.AbstractEventLoop
    port: int
    health_port: int | None = None
    wires: list[Wire] = field(default_factory=list)

    def wire(self, client_id: str = "test") -> Wire:
        """Connect; the connection is closed with the broker."""
        self.wires.append(Wire(self.port, client_id))
        return self.wires[-1]

    def call(self, function: Any, *args: object) -> Any:
        """Call a function on the loop's thread, and return its result."""
        result: Future[Any] = Future()

        def run() -> None:
            try:
                result.set_result(function(*args))
            except Exception as error:  # noqa: BLE001 - raised where it is asked for
                result.set_exception(error)

        self.loop.call_soon_threadsafe(run)
        return result.result(20)

    def topic(self, partitions: int = 1, **configs: str) -> str:
        """Create a topic of a name nobody else has; settings with underscores for dots."""
        name = f"topic-{next(NAMES)}"
        listed = [
            CreatableTopicConfig(name=key.replace("_", "."), value=value)
            for key, value in configs.items()
        ]
        topic = CreatableTopic(
            name=name, num_partitions=partitions, replication_factor=1, configs=listed
        )
        with Wire(self.port) as wire:
            response = wire.ask(CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 5)
        assert response.topics[0].error_code == 0, response
        return name


def settings_of(path: Path, **settings: str) -> dict[str, str]:
    """Return what a broker for tests is told; settings with underscores for dots win."""
    told = {
        "log.dirs": str(path),
        "listeners": "PLAINTEXT://127.0.0.1:0",
        "group.initial.rebalance.delay.ms": "0",
    }
    return told | {key.replace("_", "."): value for key, value in settings.items()}


@contextlib.contextmanager
def running_broker(path: Path, **settings: str) -> Iterator[Running]:
    """Run a broker on a directory until the block ends."""
    started: Future[Running] = Future()
    done = threading.Event()
    thread = threading.Thread(
        target=_serve, args=(settings_of(path, **settings), started, done), name="broker"
    )
    thread.start()
    try:
        running = started.result(30)
        try:
            yield running
        finally:
            for wire in running.wires:
                wire.close()
    finally:
        done.set()
        thread.join(30)
        assert not thread.is_alive(), "the broker does not stop"


def _serve(settings: dict[str, str], started: Future[Running], done: threading.Event) -> None:
    async def main() -> None:
        broker = Broker(BrokerConfig(settings))
        try:
            facts = await broker.start()
        except Exception as error:  # noqa: BLE001 - raised where the broker is asked for
            await broker.stop()
            started.set_exception(error)
            return
        loop = asyncio.get_running_loop()
        port = next(iter(facts.endpoints.values())).port
        health_port = None if facts.health is None else facts.health.port
        started.set_result(Running(broker, loop, port, health_port))
        await loop.run_in_executor(None, done.wait)
        await broker.stop()

    uvloop.run(main())
