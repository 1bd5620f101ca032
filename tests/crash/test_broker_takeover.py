"""SIGKILL at any moment of the first start on a directory of Apache Kafka: the next one serves it.

Invariant: before the decision nothing has changed, after it the crash is ours to recover from; in
between there is nothing. Neighbours: `tests/broker/takeover` makes the directory.
"""

import random
import subprocess
import sys
import time

from logcore.broker.takeover import marker
from logcore.protocol.messages.list_transactions import ListTransactionsRequest
from tests.broker.handlers.asking import fetch
from tests.broker.running import running_broker
from tests.broker.takeover.kafka_like import KAFKA_EPOCH, Node, made

KILLS = 12


def start(node: Node) -> subprocess.Popen[bytes]:
    """Start a broker, ready or not."""
    command = [
        *(sys.executable, "-m", "logcore.cli.main", "broker"),
        *("--data-dir", str(node.path), "--listen", "127.0.0.1:0"),
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def start_s(node: Node) -> float:
    """Return how long a start takes on this machine."""
    began = time.monotonic()
    process = start(node)
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"ready")
    took = time.monotonic() - began
    kill(process)
    return took


def test_a_kill_amid_the_first_start_is_recovered_from(tmp_path):
    original = made(tmp_path / "original")
    took_s = start_s(original.copy(tmp_path / "whole"))
    chance, moments = random.Random(7), set()
    for number in range(KILLS):
        node = original.copy(tmp_path / f"copy-{number}")
        process = start(node)
        time.sleep(took_s * chance.uniform(0.4, 2))
        kill(process)
        taken = marker.accepted_epoch(node.path) == KAFKA_EPOCH
        is_marked = (node.path / ".kafka_cleanshutdown").exists()
        moments.add((taken, is_marked))
        assert taken or is_marked, "it was changed before it was taken over"
        with running_broker(node.path) as broker:
            states = broker.wire().ask(ListTransactionsRequest(), 1).transaction_states
            assert {each.transactional_id for each in states} == {
                "idle", "open", "committed", "aborted",
            }  # fmt: skip
            answer = fetch(broker.wire(), node.topic, 0, partition=1)
            assert answer.error_code == 0
            assert b"committed" in bytes(answer.records)
    assert len(moments) > 1, moments
