"""The end of a producer, and who waits at it: once, within its time, whoever else is there."""

import asyncio
import subprocess
import sys
import threading

import pytest

from logcore.common.clock import SystemClock
from logcore.common.errors import ClientClosedError, ClientTimeoutError, IllegalStateError
from logcore.producer.async_producer import AsyncProducer
from logcore.producer.producer import Producer
from logcore.record.encoding import Delivery
from logcore.testing.local_broker import LocalBroker
from tests.producer.reading import read_all


@pytest.fixture(scope="module")
def broker():
    with LocalBroker() as running:
        yield running


@pytest.fixture(autouse=True)
def clear(broker):
    yield
    broker.faults.clear()


def in_threads(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def test_who_closes_second_waits_for_the_first(broker):
    topic = broker.create_topic()
    producer = Producer(bootstrap_servers=broker.bootstrap_servers)
    producer.send(topic, b"0").result(20)
    broker.faults.delay("Produce", 700)
    delivery = producer.send(topic, b"1")
    in_threads(producer.close, producer.close, producer.close)
    assert delivery.result(0).offset == 1
    producer.close()


def test_flushes_at_once_do_not_linger_whichever_ends_first(broker):
    topic = broker.create_topic(partitions=2)
    settings = {"bootstrap_servers": broker.bootstrap_servers, "linger_ms": 60_000}
    with Producer(**settings, max_in_flight_requests_per_connection=1) as producer:
        producer.send(topic, b"0", partition=0)
        producer.flush(20)
        for number in range(1, 6):
            broker.faults.delay("Produce", 100)
            first = producer.send(topic, b"%d" % number, partition=0)
            second: list[Delivery] = []

            def late(onto=second):
                onto.append(producer.send(topic, b"later", partition=1))
                producer.flush(20)

            in_threads(lambda: producer.flush(20), late)
            assert first.result(0).offset == number
            assert second[0].result(0).offset == number - 1


def test_flushing_has_its_time_and_what_is_sent_is_sent_on(broker):
    topic = broker.create_topic()
    with Producer(bootstrap_servers=broker.bootstrap_servers) as producer:
        producer.send(topic, b"0").result(20)
        broker.faults.delay("Produce", 800)
        delivery = producer.send(topic, b"1")
        with pytest.raises(ClientTimeoutError, match=r"in 0\.1 s"):
            producer.flush(0.1)
        assert not delivery.done()
        assert delivery.result(20).offset == 1


@pytest.mark.parametrize("transactional_id", [None, "closing"])
def test_closing_has_its_time_whatever_is_open(broker, transactional_id):
    topic = broker.create_topic()
    settings = {"bootstrap_servers": broker.bootstrap_servers, "linger_ms": 60_000}
    producer = Producer(**settings, transactional_id=transactional_id)
    if transactional_id:
        producer.begin_transaction()
    producer.send(topic, b"0")
    producer.flush(20)
    broker.faults.delay("Produce", 5000, times=None)
    broker.faults.delay("EndTxn", 5000, times=None)
    deliveries = [producer.send(topic, b"%d" % number) for number in range(10)]
    now_ms = SystemClock().monotonic_ms
    began_ms = now_ms()
    producer.close(0.3)
    assert now_ms() - began_ms < 3000
    assert {type(delivery.exception(0)) for delivery in deliveries} <= {
        ClientClosedError,
        IllegalStateError,
    }


def test_closing_with_nobody_there_has_its_time():
    producer = Producer(bootstrap_servers="127.0.0.1:1", max_block_ms=100)
    with pytest.raises(ClientTimeoutError):
        producer.send("topic", b"x")
    producer.close(0.2)
    assert producer.runner.is_closed


def test_a_callback_that_calls_and_waits_is_told_instead_of_hanging(broker):
    topic, unknown = broker.create_topic(), broker.create_topic()
    errors: list[Exception] = []
    settings = {"bootstrap_servers": broker.bootstrap_servers, "buffer_memory": 100_000}
    with Producer(**settings) as producer:

        def called(_):
            for call in (
                lambda: producer.send(unknown, b"x"),
                producer.flush,
                producer.close,
                lambda: [producer.send(topic, b"y" * 60_000) for _ in range(3)],
            ):
                try:
                    call()
                except IllegalStateError as error:
                    errors.append(error)

        producer.send(topic, b"x", on_delivery=called)
        producer.flush(20)
        producer.flush(20)
    assert len(errors) == 4
    assert "a callback of a client must not call it and wait" in str(errors[0])


FORGETFUL = """
import gc, sys, threading
from logcore.producer.producer import Producer

for _ in range(3):
    producer = Producer(bootstrap_servers=sys.argv[1])
    producer.send(sys.argv[2], b"x").result(20)
    del producer
    gc.collect()
assert threading.active_count() == 1, threading.enumerate()
left_open = Producer(bootstrap_servers=sys.argv[1])
left_open.send(sys.argv[2], b"x").result(20)
"""


def test_a_producer_that_is_forgotten_ends_and_the_interpreter_waits_for_none(broker):
    topic = broker.create_topic()
    told = [sys.executable, "-c", FORGETFUL, broker.bootstrap_servers, topic]
    done = subprocess.run(told, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.asyncio
async def test_closing_that_is_cancelled_goes_on(broker):
    topic = broker.create_topic()
    producer = AsyncProducer(bootstrap_servers=broker.bootstrap_servers)
    await producer.send(topic, b"0")
    broker.faults.delay("Produce", 500)
    delivery = producer.send(topic, b"1")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(producer.close(), 0.1)
    await producer.close()
    assert (await delivery).offset == 1
    assert len(read_all(broker.bootstrap_servers, topic)) == 2
