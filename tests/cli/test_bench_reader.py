"""The process that reads while latency is measured, here on a thread."""

import threading
import time
from multiprocessing import Pipe

from logcore import Producer
from logcore.cli.bench_reader import READY, STAMP, STOP, Reading, read_all
from logcore.cli.connecting import ClusterOptions


def test_it_tells_arrivals_of_its_run_only(cluster, topic):
    ours, its = Pipe()
    reading = Reading(ClusterOptions(cluster, {}), topic, run=7, total=2)
    with Producer(bootstrap_servers=cluster) as producer:
        producer.send(topic, STAMP.pack(1, 7)).result()  # before it is ready: of no interest
        thread = threading.Thread(target=read_all, args=(its, reading))
        thread.start()
        assert ours.recv() == READY
        due = time.monotonic_ns()
        for value in (b"short", None, STAMP.pack(due, 8), STAMP.pack(due, 7), STAMP.pack(due, 7)):
            producer.send(topic, value)
        producer.flush()
    found = list(STAMP.iter_unpack(ours.recv()))
    thread.join()
    assert [each for each, _ in found] == [due, due]
    assert all(arrival > due for _, arrival in found)


def test_it_stops_when_told(cluster, topic):
    ours, its = Pipe()
    reading = Reading(ClusterOptions(cluster, {}), topic, run=7, total=2)
    thread = threading.Thread(target=read_all, args=(its, reading))
    thread.start()
    assert ours.recv() == READY
    ours.send(STOP)
    assert ours.recv() == b""
    thread.join()


def test_what_fails_is_said():
    ours, its = Pipe()
    options = ClusterOptions("127.0.0.1:1", {"default.api.timeout.ms": "300"})
    for wrong in (options, ClusterOptions("nowhere", {})):
        read_all(its, Reading(wrong, "topic", run=7, total=2))
        assert "the reader failed" in ours.recv()
