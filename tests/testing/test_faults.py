"""Faults strike the requests they are meant for, as often as they are meant to, and no others."""

import threading
import time

import pytest

from logcore.common.errors import (
    ClientTimeoutError,
    InvalidArgumentError,
    NotLeaderOrFollowerError,
)
from logcore.testing.local_broker import LocalBroker
from tests.testing.produce import fetch, produce, request_of, wire_to

NOT_LEADER = 6


def test_an_error_for_the_next_requests(logcore_fresh_broker: LocalBroker) -> None:
    broker = logcore_fresh_broker
    topic = broker.create_topic()
    with wire_to(broker.bootstrap_servers) as wire:
        broker.faults.fail("Produce", NotLeaderOrFollowerError, times=2)
        codes = [produce(wire, topic, b"x").error_code for _ in range(3)]
        assert codes == [NOT_LEADER, NOT_LEADER, 0]
        assert broker.faults.struck_count == 2
        assert fetch(wire, topic).high_watermark == 1, "what was refused was not appended"


def test_for_one_client_only_and_until_cleared(logcore_fresh_broker: LocalBroker) -> None:
    broker = logcore_fresh_broker
    topic = broker.create_topic()
    broker.faults.fail("produce", NOT_LEADER, times=None, client_id="unlucky")
    with wire_to(broker.bootstrap_servers, "lucky") as lucky:
        assert produce(lucky, topic, b"x").error_code == 0
    with wire_to(broker.bootstrap_servers, "unlucky") as unlucky:
        assert [produce(unlucky, topic, b"x").error_code for _ in range(3)] == [NOT_LEADER] * 3
        broker.faults.clear()
        assert produce(unlucky, topic, b"x").error_code == 0


def test_a_delay(logcore_fresh_broker: LocalBroker) -> None:
    broker = logcore_fresh_broker
    topic = broker.create_topic()
    with wire_to(broker.bootstrap_servers) as wire:
        broker.faults.delay("Produce", 200)
        start = time.monotonic()
        assert produce(wire, topic, b"x").error_code == 0
        assert time.monotonic() - start >= 0.19


def test_a_delayed_request_whose_client_is_gone_is_not_served(
    logcore_fresh_broker: LocalBroker,
) -> None:
    broker = logcore_fresh_broker
    topic = broker.create_topic()
    broker.faults.delay("Produce", 100)
    with wire_to(broker.bootstrap_servers) as wire:
        wire.send(request_of(topic, b"x"), 9)
        time.sleep(0.02)
    time.sleep(0.2)
    with wire_to(broker.bootstrap_servers) as wire:
        assert fetch(wire, topic).high_watermark == 0


def test_a_dropped_connection(logcore_fresh_broker: LocalBroker) -> None:
    broker = logcore_fresh_broker
    topic = broker.create_topic()
    broker.faults.drop("Produce")
    with wire_to(broker.bootstrap_servers) as wire, pytest.raises(ConnectionError):
        produce(wire, topic, b"x")
    with wire_to(broker.bootstrap_servers) as wire:
        assert fetch(wire, topic).high_watermark == 0


@pytest.mark.parametrize("flush_messages", [1_000_000, 1], ids=["at once", "after the disk"])
def test_a_lost_answer(logcore_fresh_broker: LocalBroker, flush_messages: int) -> None:
    broker = logcore_fresh_broker
    topic = broker.create_topic(flush_messages=flush_messages)
    broker.faults.drop("Produce", is_served=True)
    with wire_to(broker.bootstrap_servers) as wire, pytest.raises(ConnectionError):
        produce(wire, topic, b"x")
    with wire_to(broker.bootstrap_servers) as wire:
        assert fetch(wire, topic).high_watermark == 1, "served, and the answer lost"


def test_any_request(logcore_fresh_broker: LocalBroker) -> None:
    broker = logcore_fresh_broker
    broker.faults.drop(None)
    with wire_to(broker.bootstrap_servers) as wire, pytest.raises(ConnectionError):
        fetch(wire, "any")


def test_waiting_for_one_to_strike(logcore_fresh_broker: LocalBroker) -> None:
    broker = logcore_fresh_broker
    topic = broker.create_topic()
    broker.faults.fail("Produce", NOT_LEADER, times=2)
    with pytest.raises(ClientTimeoutError, match="0 of 1"):
        broker.faults.wait_struck(timeout_s=0.01)
    with wire_to(broker.bootstrap_servers) as wire:
        beside = threading.Thread(target=lambda: [produce(wire, topic, b"x") for _ in range(2)])
        beside.start()
        broker.faults.wait_struck(2)
        beside.join()
    broker.faults.wait_struck(2, timeout_s=0)


def test_no_such_api(logcore_fresh_broker: LocalBroker) -> None:
    with pytest.raises(InvalidArgumentError, match="Prodcue"):
        logcore_fresh_broker.faults.drop("Prodcue")
