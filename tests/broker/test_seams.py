"""A broker that is told nothing gets the machine; one that is told otherwise gets that."""

import asyncio
import errno
from pathlib import Path

import pytest
import uvloop

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.seams import Seams
from logcore.broker.server import Broker
from logcore.common.clock import LoopScheduler
from logcore.common.errors import LogDirectoryOfflineError
from logcore.log.manager import Seams as LogSeams
from logcore.network.connection import RequestHandler


def config_of(path: Path) -> BrokerConfig:
    return BrokerConfig({"log.dirs": str(path), "listeners": "PLAINTEXT://127.0.0.1:0"})


def test_told_nothing_it_is_the_machine() -> None:
    seams, handler = Seams(), object()
    assert seams.make_scheduler is LoopScheduler
    assert seams.logs is None
    assert seams.wrap_handler(handler) is handler  # type: ignore[arg-type]  # any object


def test_a_broker_takes_what_it_is_told(tmp_path: Path) -> None:
    made: list[LoopScheduler] = []
    wrapped: list[RequestHandler] = []

    def make(loop: asyncio.AbstractEventLoop) -> LoopScheduler:
        made.append(LoopScheduler(loop))
        return made[-1]

    def wrap(handler: RequestHandler) -> RequestHandler:
        wrapped.append(handler)
        return handler

    async def run() -> None:
        broker = Broker(config_of(tmp_path), Seams(make, wrap, LogSeams()))
        await broker.start()
        assert broker.parts.scheduler is made[0]
        assert wrapped == [broker.dispatcher]
        await broker.stop()

    uvloop.run(run())


def test_a_broken_disk_is_a_broken_disk(tmp_path: Path) -> None:
    logs = LogSeams()
    logs.fail("write", errno.ENOSPC)

    async def run() -> None:
        broker = Broker(config_of(tmp_path), Seams(logs=logs))
        try:
            await broker.start()
        finally:
            await broker.stop()

    with pytest.raises(LogDirectoryOfflineError):
        uvloop.run(run())
    assert logs.fault_count > 0
