"""A broker in this process: started, stopped, restarted, turned forward, and gone afterwards."""

import socket
import threading
from pathlib import Path

import pytest

from logcore.common.config import ConfigError
from logcore.common.errors import LogcoreError
from logcore.testing.local_broker import LocalBroker, LocalBrokerError
from tests.testing.produce import fetch, produce, wire_to

OFFSET_OUT_OF_RANGE = 1


def test_it_serves_and_is_gone_afterwards() -> None:
    before = threading.active_count()
    broker = LocalBroker()
    with broker:
        lives = [broker.is_running]
        host, _, port = broker.bootstrap_servers.rpartition(":")
        topic = broker.create_topic()
        with wire_to(broker.bootstrap_servers) as wire:
            assert produce(wire, topic, b"x").base_offset == 0
        data = Path(broker.data_dir)
        assert data.exists()
    lives.append(broker.is_running)
    assert lives == [True, False]
    assert not data.exists()
    assert threading.active_count() == before
    with pytest.raises(OSError):  # noqa: PT011 - refused, in whichever words
        socket.create_connection((host, int(port)), 1)


def test_data_and_port_outlive_a_restart(tmp_path: Path) -> None:
    with LocalBroker(tmp_path) as broker:
        topic, address = broker.create_topic(), broker.bootstrap_servers
        with wire_to(address) as wire:
            produce(wire, topic, b"kept")
        broker.restart()
        assert broker.bootstrap_servers == address
        with wire_to(address) as wire:
            assert fetch(wire, topic).high_watermark == 1
    assert any(tmp_path.iterdir()), "a directory of the test's is left alone"


def test_time_can_be_turned_for_retention() -> None:
    with LocalBroker() as broker:
        topic = broker.create_topic(retention_ms=60_000, segment_ms=1_000)
        with wire_to(broker.bootstrap_servers) as wire:
            produce(wire, topic, b"old")
            broker.advance(3_600_000)
            broker.apply_retention()
            produce(wire, topic, b"new")
            assert fetch(wire, topic).error_code == OFFSET_OUT_OF_RANGE


def test_several_listeners() -> None:
    listeners = "PLAINTEXT://127.0.0.1:0,SECOND://127.0.0.1:0"
    protocols = "PLAINTEXT:PLAINTEXT,SECOND:PLAINTEXT"
    with LocalBroker(listeners=listeners, listener_security_protocol_map=protocols) as broker:
        assert broker.listeners["PLAINTEXT"] == broker.bootstrap_servers
        assert broker.listeners["SECOND"] != broker.bootstrap_servers
        topic = broker.create_topic()
        with wire_to(broker.listeners["SECOND"]) as wire:
            assert produce(wire, topic, b"x").base_offset == 0


def test_starting_and_closing_twice_is_no_error() -> None:
    broker = LocalBroker()
    broker.start()
    address = broker.bootstrap_servers
    assert broker.start().bootstrap_servers == address
    broker.close()
    broker.close()


def test_what_is_not_running_says_so() -> None:
    broker = LocalBroker()
    try:
        for use in (lambda: broker.bootstrap_servers, broker.restart, lambda: broker.advance(1)):
            with pytest.raises(LocalBrokerError, match="start"):
                use()
    finally:
        broker.close()


def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"num\.partitions"):
        LocalBroker(tmp_path, num_partition=3).start()
    with LocalBroker(tmp_path), pytest.raises(LogcoreError, match=r"lock|use"):
        LocalBroker(tmp_path).start()


def test_settings_and_topics_take_any_plain_value() -> None:
    with LocalBroker(num_partitions=5, auto_create_topics_enable=False) as broker:
        name = broker.create_topic("named", partitions=2, preallocate=True, retention_ms=1000)
        assert name == "named"
