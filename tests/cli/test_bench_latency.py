"""`logcore bench latency`: the open loop, and what a stall does to it."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from logcore.cli.bench_latency import Schedule, measured, spread
from logcore.cli.bench_topic import Load
from logcore.cli.connecting import ClusterOptions
from logcore.testing.local_broker import LocalBroker
from tests.eventually import eventually


def test_every_record_is_measured(logcore_json, cluster):
    options = ("-r", 500, "-t", 0.6, "--warm-up", 0.2, "-p", 2, "-X", "linger.ms=0", "-b", cluster)
    (told,) = logcore_json("bench", "latency", *options)
    assert told["records"] == 300
    for which in ("end_to_end_ms", "acknowledged_ms"):
        spread = told[which]
        assert 0 < spread["p50"] <= spread["p99"] <= spread["p99.9"] <= spread["max"]


def test_a_stall_makes_every_record_late_that_was_due_meanwhile():
    load = Load(size=16, partitions=1, replication_factor=None, acks="all", compression="none")
    with LocalBroker() as broker:
        name = broker.create_topic()
        broker.faults.delay("Produce", 400, times=1)
        told = measured(
            ClusterOptions(broker.bootstrap_servers, {}), name, load, Schedule(200, 0, 200)
        )
    # 400 of 1000 ms: a loop that waited for answers would have had one late record of 200.
    assert told["acknowledged_ms"]["p90"] > 200
    assert told["end_to_end_ms"]["max"] >= told["end_to_end_ms"]["p90"]


def test_warm_up_does_not_count():
    times = np.array([[10, 99_000_010], [20, 1_000_020], [30, 3_000_030]])
    assert spread(times, 20)["max"] == pytest.approx(3)
    assert spread(times, 10)["max"] == pytest.approx(99)


def test_when_records_are_due():
    schedule = Schedule(rate=1000, warm_up=5, records=10)
    assert schedule.total == 15
    assert schedule.due_ns(7, 3) == 3_000_007


def test_a_topic_that_is_not_there(logcore, cluster):
    told = logcore("bench", "latency", "not-there", "-t", 0.1, "-b", cluster, code=1).output
    assert "not-there" in told


def test_ctrl_c_leaves_no_topic_and_no_traceback(cluster, ask_json):
    def made():
        names = [row["name"] for row in ask_json("topic", "list")]
        return [name for name in names if name.startswith("logcore-bench")]

    command = [sys.executable, "-m", "logcore.cli.main", "bench", "latency", "-b", cluster]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    while not made():
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60)[0].strip() == "Aborted!"
    assert process.returncode == 1
    eventually(lambda: not made())
