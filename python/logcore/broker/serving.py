"""Running a broker as a process: until a signal, or until it cannot go on.

Invariant: SIGTERM and SIGINT stop it in order; what is there when it is ready is never looked at by
a collection of garbage.
Neighbours: `cli.broker` calls `run`; `server` is the broker.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable

import uvloop

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.server import Broker, Started
from logcore.common.errors import LogDirectoryOfflineError


async def _serve(config: BrokerConfig, ready: Callable[[Started], object]) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    broker = Broker(config)
    try:
        started = await broker.start()
        gc.freeze()
        gc.enable()
        ready(started)
        broker.fatal.then(lambda _: stopping.set())
        await stopping.wait()
    finally:
        await broker.stop()
    if broker.fatal.is_done:
        raise LogDirectoryOfflineError(broker.fatal.value())


def run(config: BrokerConfig, ready: Callable[[Started], object]) -> None:
    """Run a broker until SIGTERM or SIGINT.

    Args:
        config: Its settings.
        ready: Called once it serves.

    Raises:
        LogcoreError: If it cannot start.
    """
    if sys.flags.optimize:
        raise SystemExit("logcore: the broker does not run under python -O: its asserts must hold")
    uvloop.run(_serve(config, ready))
