"""Transactional ids on disk, between Apache Kafka and us, both ways.

Invariant: Kafka's dump tool decodes each record of ours to what was done; what Kafka's own
coordinator wrote makes the transactional ids here that its tools knew.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from logcore.coordinator.transaction.state import Transaction, TransactionState
from logcore.log import Log
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from tests.broker.handlers.transacting import Producer
from tests.broker.running import Running, running_broker
from tests.coordinator.transaction.bench import Bench
from tests.peers import kafka

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

PARTITIONS = 3
S = TransactionState


def fill(broker: Running) -> str:
    """Leave an id in each state that lasts, and pending offsets; return the topic."""
    topic = broker.topic(2)
    broker.wire().ask(FindCoordinatorRequest(coordinator_keys=["g"]), 6)
    for name in ("idle", "open", "committed", "aborted"):
        producer = Producer(broker, name)
        assert producer.init() == 0
        if name != "idle":
            assert producer.write(topic, b"x", 1).error_code == 0
            assert producer.commit_offset("g", topic, 5) == 0
        if name in {"committed", "aborted"}:
            assert producer.end(is_commit=name == "committed") == 0
    return topic


def dumped(directory: Path, topic: str, option: str) -> str:
    logs = [path for path in directory.glob(f"{topic}-*/*.log") if path.stat().st_size]
    report = kafka.dump_log(*logs, options=("--deep-iteration", option))
    assert "could not be" not in report
    return report


def test_kafka_decodes_what_we_wrote(tmp_path):
    settings = {"transaction_state_log_num_partitions": str(PARTITIONS)}
    with running_broker(tmp_path, **settings) as broker:
        topic = fill(broker)
    report = dumped(tmp_path, "__transaction_state", "--transaction-log-decoder")
    found: dict[str, list[dict[str, Any]]] = {}
    for key, value in re.findall(r"key: (\{.*?\}\}) payload: (.*)$", report, flags=re.MULTILINE):
        name = json.loads(key)["data"]["transactionalId"]
        found.setdefault(name, []).append(json.loads(value)["data"])
    states = {name: [each["transactionStatus"] for each in all_] for name, all_ in found.items()}
    assert states == {
        "idle": [0],
        "open": [0, 1, 1],
        "committed": [0, 1, 1, 2, 4],
        "aborted": [0, 1, 1, 3, 5],
    }
    assert found["open"][1]["transactionPartitions"] == [{"topic": topic, "partitionIds": [1]}]
    assert [each["producerEpoch"] for each in found["committed"]] == [0, 0, 0, 1, 1]
    assert found["committed"][-1]["clientTransactionVersion"] == 2
    offsets = dumped(tmp_path, "__consumer_offsets", "--offsets-decoder")
    assert len(re.findall(r"endTxnMarker: COMMIT", offsets)) == 1
    assert len(re.findall(r"endTxnMarker: ABORT", offsets)) == 1
    assert len(re.findall(r"isTransactional: true isControl: false", offsets)) == 3


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Transaction]]:
    """The ids that an Apache Kafka left behind, as our replay makes them."""
    config = {"transaction.state.log.num.partitions": "1"}
    with kafka.running_kafka(tmp_path_factory.mktemp("theirs"), config=config) as broker:
        broker.tool("topics", "--create", "--topic", "t", "--partitions", "1")
        broker.tool(
            "producer-perf", "--topic", "t", "--num-records", "50", "--record-size", "10",
            "--throughput", "-1", "--transactional-id", "theirs",
            "--transaction-duration-ms", "10",
        )  # fmt: skip
        broker.stop()
        bench = Bench()
        with Log(broker.log_dir / "__transaction_state-0", readonly=True) as log:
            written = bench.log.partitions.setdefault(0, [])
            written.extend((each.key or b"", each.value) for each in log)
        bench.crash()
        yield bench.service.runtime.shard(0).machine.transactions


def test_we_replay_the_ids_of_kafkas_coordinator(theirs):
    (transaction,) = theirs.values()
    assert transaction.transactional_id == "theirs"
    assert transaction.state is S.COMPLETE_COMMIT
    assert transaction.producer_epoch >= 1
    assert transaction.client_version == 2
    assert not transaction.partitions
