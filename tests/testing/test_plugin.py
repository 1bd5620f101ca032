"""The fixtures work in a run of pytest that knows nothing but the installed package."""

import subprocess
import sys
from pathlib import Path

CONFTEST = """
import pytest

@pytest.fixture(scope="session")
def logcore_settings():
    return {"num.partitions": "3"}
"""

TESTS = """
import confluent_kafka


def produced(bootstrap, topic, count):
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap})
    failures = []
    for number in range(count):
        producer.produce(topic, b"%d" % number, on_delivery=lambda error, _: failures.append(error))
    assert producer.flush(20) == 0
    assert failures == [None] * count


def consumed(bootstrap, topic, count):
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": bootstrap, "group.id": topic, "auto.offset.reset": "earliest",
    })
    consumer.subscribe([topic])
    values = [message.value() for message in consumer.consume(count, timeout=20)]
    consumer.close()
    return values


def test_a_client_of_another_make(logcore_broker, logcore_topic):
    topic = logcore_topic()
    produced(logcore_broker.bootstrap_servers, topic, 3)
    assert consumed(logcore_broker.bootstrap_servers, topic, 3) == [b"0", b"1", b"2"]


def test_one_broker_for_the_run(logcore_broker, request):
    assert request.getfixturevalue("logcore_broker") is logcore_broker


def test_settings(logcore_fresh_broker):
    client = confluent_kafka.Producer(
        {"bootstrap.servers": logcore_fresh_broker.bootstrap_servers})
    topics = client.list_topics("made-by-asking", timeout=10).topics
    assert len(topics["made-by-asking"].partitions) in (0, 3)


def test_our_own_clients(logcore_topic, logcore_producer, logcore_consumer, logcore_admin):
    topic = logcore_topic(partitions=2)
    assert topic in logcore_admin.topics.list()
    logcore_producer.send(topic, b"hello", b"key").result(20)
    (record,) = logcore_consumer(topic).poll(20)
    assert (record.key, record.value) == (b"key", b"hello")


def test_sharing(logcore_topic, logcore_producer, logcore_share_consumer):
    topic = logcore_topic()
    logcore_producer.send(topic, b"job").result(20)
    first = logcore_share_consumer(topic, group_id="workers")
    second = logcore_share_consumer(topic, group_id="workers")
    (record,) = first.poll(20)
    assert record.value == b"job"
    assert second.poll(0.1) == []


def test_through_a_kill(logcore_broker_process):
    topic = logcore_broker_process.create_topic()
    produced(logcore_broker_process.bootstrap_servers, topic, 10)
    logcore_broker_process.kill()
    logcore_broker_process.start()
    assert len(consumed(logcore_broker_process.bootstrap_servers, topic, 10)) == 10
"""


def test_the_fixtures_are_there_by_themselves(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_theirs.py").write_text(TESTS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "6 passed" in run.stdout
