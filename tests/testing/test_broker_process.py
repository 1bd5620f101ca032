"""A broker in a process of its own: killed, stopped, started again on its data and its port."""

from pathlib import Path

import pytest

from logcore.testing.broker_process import BrokerProcess, BrokerProcessError
from tests.testing.produce import fetch, produce, wire_to


def test_what_was_acknowledged_outlives_a_kill() -> None:
    with BrokerProcess() as broker:
        topic, address = broker.create_topic(), broker.bootstrap_servers
        with wire_to(address) as wire:
            assert produce(wire, topic, b"kept").error_code == 0
        first = broker.pid
        broker.kill()
        assert not broker.is_running
        broker.start()
        assert broker.bootstrap_servers == address
        assert broker.pid != first
        with wire_to(address) as wire:
            assert fetch(wire, topic).high_watermark == 1


def test_it_stops_in_an_orderly_way(tmp_path: Path) -> None:
    with BrokerProcess(tmp_path / "data", num_partitions=3) as broker:
        assert broker.stop() == 0
        with pytest.raises(BrokerProcessError, match="not running"):
            broker.stop()
        broker.start()
        broker.restart()
        assert broker.is_running
    assert (tmp_path / "data").exists()


def test_it_says_why_it_does_not_start(tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path, num_partition=3)
    try:
        with pytest.raises(BrokerProcessError, match=r"num\.partitions"):
            broker.start()
        with pytest.raises(BrokerProcessError, match="never run"):
            _ = broker.bootstrap_servers
    finally:
        broker.close()
