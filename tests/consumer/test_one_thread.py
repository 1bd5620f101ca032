"""A consumer is for one thread at a time, and says so instead of losing records."""

import threading

import pytest

from logcore.common.errors import WrongThreadError
from logcore.consumer.consumer import Consumer
from logcore.consumer.listener import RebalanceListener
from logcore.consumer.one_thread import OneThread
from tests.consumer.filling import filled


def test_the_second_thread_is_told_and_the_first_may_come_again():
    turn, inside, told = OneThread(), threading.Event(), threading.Event()

    def hold() -> None:
        with turn, turn:
            inside.set()
            assert told.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    assert inside.wait(20)
    with pytest.raises(WrongThreadError, match="give each thread one of its own"), turn:
        pass
    told.set()
    thread.join()
    with turn:
        pass


def test_while_one_thread_polls_another_is_refused(our_cluster):
    topic = filled(our_cluster, 1, 0)
    with Consumer(bootstrap_servers=our_cluster.bootstrap) as consumer:
        consumer.assign([(topic, 0)])
        polling = threading.Thread(target=consumer.poll, args=(1.0,))
        polling.start()
        calls = [
            lambda: consumer.poll(0),
            lambda: consumer.poll_columns(0),
            lambda: consumer.poll_arrow(0),
            lambda: next(consumer.records()),
            lambda: next(consumer.batches()),
        ]
        refused = 0
        while polling.is_alive() and refused < len(calls):
            try:
                calls[refused]()
            except WrongThreadError:
                refused += 1
        assert refused == len(calls)
        polling.join()
        assert consumer.poll(0) == []


def test_a_listener_may_read_while_its_thread_reads(our_cluster):
    topic = filled(our_cluster, 1, 3)
    settings = {"group_id": our_cluster.group(), "auto_offset_reset": "earliest"}
    polled = []

    class Reading(RebalanceListener):
        def on_assigned(self, partitions):
            assert partitions
            polled.append(consumer.poll(0))

    with Consumer(bootstrap_servers=our_cluster.bootstrap, **settings) as consumer:
        consumer.subscribe(topic, Reading())
        assert len(consumer.poll(10) or consumer.poll(10)) == 3
    assert polled == [[]]
