"""What a broker is put together from follows its settings; a failed start leaves nothing behind."""

import asyncio
from pathlib import Path

import pytest

from logcore.broker import assembly
from logcore.broker.assembly import intervals_of
from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.server import Broker
from tests.broker.running import running_broker, settings_of


def test_settings_decide_how_often_logs_are_kept_up():
    config = BrokerConfig({"log.cleaner.backoff.ms": "7", "log.retention.check.interval.ms": "9"})
    intervals = intervals_of(config)
    assert (intervals.compaction_ms, intervals.retention_ms) == (7, 9)
    assert intervals.flush_ms == 1000


def test_what_was_made_before_something_failed_is_undone(tmp_path: Path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError("no room")

    async def start_and_stop() -> None:
        broker = Broker(BrokerConfig(settings_of(tmp_path)))
        try:
            with pytest.raises(OSError, match="no room"):
                await broker.start()
        finally:
            await broker.stop()

    with monkeypatch.context() as patched:
        patched.setattr(assembly, "make_transactions", fail)
        asyncio.run(start_and_stop())
    with running_broker(tmp_path) as running:
        assert running.topic()
