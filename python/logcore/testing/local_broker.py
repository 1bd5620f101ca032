"""`LocalBroker`: a broker in this process, on a loop and a thread of its own.

It is the quickest broker to have, and the one whose clock can be turned, whose disk can be broken
and whose answers can be spoilt. Invariant: after `stop` its port is free, its thread has ended and
its logs are closed; the data stays until `close`, so that it can be started again on it.
Neighbours: `logcore.broker.server` is the broker; `faults`, `disk` and `shifted_time` its twins.
"""

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from os import PathLike
from typing import Final, Self

import uvloop

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.seams import Seams
from logcore.broker.server import Broker, Started
from logcore.common.errors import LogcoreError
from logcore.log.manager import Seams as LogSeams
from logcore.network.connection import RequestHandler
from logcore.testing.disk import Disk
from logcore.testing.faults import Faults
from logcore.testing.settings import settings_for
from logcore.testing.shifted_time import ShiftedScheduler
from logcore.testing.topics import create_topic, fresh_name

_HOST: Final = "127.0.0.1"
_PATIENCE_S: Final = 30


class LocalBrokerError(LogcoreError):
    """The broker of a test was used while it is not running, or does not stop."""


class LocalBroker:
    """A broker in this process.

    Args:
        data_dir: Where its data is; a directory of its own, removed by `close`, if None.
        settings: Its settings, by Kafka's keys; underscores may stand for the dots.

    Attributes:
        faults: What goes wrong with the next requests.
        disk: Its disk, to fill and to break.
        data_dir: Where its data is.

    Raises:
        LogcoreError: From `start`, if it cannot start.

    Example:
        >>> from logcore.testing import LocalBroker
        >>> with LocalBroker(num_partitions=3) as broker:
        ...     name = broker.create_topic()
        ...     broker.restart()
        ...     broker.is_running
        True
    """

    def __init__(
        self, data_dir: str | PathLike[str] | None = None, **settings: str | float | bool
    ) -> None:
        self._owned = tempfile.mkdtemp(prefix="logcore-") if data_dir is None else None
        self.data_dir = str(data_dir if self._owned is None else self._owned)
        self._settings = settings
        self._port = 0
        self._listeners: dict[str, str] = {}
        self._seams = LogSeams()
        self.faults = Faults()
        self.disk = Disk(self._seams)
        self._run: _Run | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_running(self) -> bool:
        """Whether it serves."""
        return self._run is not None

    @property
    def bootstrap_servers(self) -> str:
        """Its address, as clients want it; the same after a restart."""
        self._running()
        return f"{_HOST}:{self._port}"

    @property
    def listeners(self) -> Mapping[str, str]:
        """The address of each listener by its name: where its ``listeners`` name several.

        Give those ports of their own, if they shall stay the same after a restart.
        """
        self._running()
        return dict(self._listeners)

    def start(self) -> Self:
        """Start it, and return once it serves; if it runs already that is no error."""
        if self._run is None:
            listen = f"{_HOST}:{self._port}"
            told = {key: str(value) for key, value in self._settings.items()}
            config = BrokerConfig(settings_for(self.data_dir, listen, told))
            run = _Run(config, self._seams, self.faults)
            started = run.begin()
            self._port = next(iter(started.endpoints.values())).port
            self._listeners = {
                name: f"{_HOST}:{endpoint.port}" for name, endpoint in started.endpoints.items()
            }
            self._run = run
        return self

    def stop(self) -> None:
        """Stop it in an orderly way, as SIGTERM does; the data stays."""
        run, self._run = self._run, None
        if run is not None:
            run.end()

    def restart(self) -> None:
        """Stop it and start it again, on its data and its port."""
        self._running()
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop it, and remove its data if that is its own; more than once is no error."""
        self.stop()
        if self._owned is not None:
            shutil.rmtree(self._owned, ignore_errors=True)

    def create_topic(
        self, name: str | None = None, partitions: int = 1, **configs: str | float | bool
    ) -> str:
        """Create a topic.

        Args:
            name: Its name; one that nobody else has if None.
            partitions: How many partitions it gets.
            configs: Its settings, with underscores for the dots of Kafka's keys.

        Returns:
            Its name.

        Raises:
            KafkaError: Why it was not created.
        """
        chosen = name or fresh_name()
        told = {key.replace("_", "."): _text(value) for key, value in configs.items()}
        create_topic(self.bootstrap_servers, chosen, partitions, told)
        return chosen

    def advance(self, delay_ms: int) -> None:
        """Turn the broker's clock, and have done what became due: timeouts, retention, expiry.

        Args:
            delay_ms: How far, in milliseconds. Clients' clocks stay as they are.
        """
        self._running().advance(delay_ms)

    def apply_retention(self) -> None:
        """Delete the segments whose time is over, now rather than at the next check."""
        self._running().apply_retention()

    def _running(self) -> "_Run":
        if self._run is None:
            raise LocalBrokerError("the broker is not running: call start(), or use it in a `with`")
        return self._run


def _text(value: str | float | bool) -> str:
    """Return a setting as Kafka writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Run:
    """One life of a broker, on its thread."""

    def __init__(self, config: BrokerConfig, seams: LogSeams, faults: Faults) -> None:
        self._seams = seams
        self._faults = faults
        self._started: Future[Started] = Future()
        self._broker = Broker(config, Seams(self._make_scheduler, self._wrap, seams))
        self._thread = threading.Thread(target=self._main, name="logcore-broker", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._scheduler: ShiftedScheduler
        self._stop: asyncio.Event

    def begin(self) -> Started:
        self._thread.start()
        return self._started.result(_PATIENCE_S)

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_PATIENCE_S)
        if self._thread.is_alive():
            raise LocalBrokerError(f"the broker has not stopped within {_PATIENCE_S} s")

    def advance(self, delay_ms: int) -> None:
        self._seams.advance(delay_ms)
        self._call(lambda: self._scheduler.advance(delay_ms))
        self._call(lambda: None)  # what became due has had its turn

    def apply_retention(self) -> None:
        self._broker.parts.replicas.logs.apply_retention()

    def _make_scheduler(self, loop: asyncio.AbstractEventLoop) -> ShiftedScheduler:
        self._scheduler = ShiftedScheduler(loop)
        return self._scheduler

    def _wrap(self, handler: RequestHandler) -> RequestHandler:
        return self._faults.before(handler, self._scheduler)

    def _call(self, function: Callable[[], object]) -> None:
        done: Future[None] = Future()

        def run() -> None:
            try:
                function()
            except Exception as error:  # noqa: BLE001 - raised where it was asked for
                done.set_exception(error)
            else:
                done.set_result(None)

        self._loop.call_soon_threadsafe(run)
        done.result(_PATIENCE_S)

    def _main(self) -> None:
        uvloop.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            started = await self._broker.start()
        except Exception as error:  # noqa: BLE001 - raised where the broker is asked for
            await self._broker.stop()
            self._started.set_exception(error)
            return
        self._started.set_result(started)
        await self._stop.wait()
        await self._broker.stop()
