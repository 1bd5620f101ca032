"""A cluster moves to another address while clients run: they begin again, and go on (KIP-899).

Invariant: of the two bootstrap servers there is one at a time; what was acknowledged before and
after is read, in order.
Neighbours: `tests/client/test_cluster.py` has the rest: KIP-1102, and clients that must not.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from logcore.admin.admin import Admin
from logcore.consumer.consumer import Consumer
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker
from tests.peers import kafka
from tests.peers.kafka.broker import free_port

Running = Callable[[Path, int], AbstractContextManager[object]]


@contextmanager
def ours(folder: Path, port: int) -> Iterator[None]:
    with LocalBroker(folder, listeners=f"PLAINTEXT://127.0.0.1:{port}"):
        yield


@contextmanager
def theirs(folder: Path, port: int) -> Iterator[None]:
    with kafka.running_kafka(folder, port):
        yield


@pytest.fixture(params=["ours", pytest.param("theirs", marks=[pytest.mark.peer, pytest.mark.long])])
def running(request: pytest.FixtureRequest) -> Running:
    """Runs a broker on a folder, at a port."""
    if request.param == "ours":
        return ours
    request.getfixturevalue("kafka_tools")
    return theirs


def test_clients_go_on_where_the_cluster_has_moved_to(running: Running, tmp_path: Path) -> None:
    ports = free_port(), free_port()
    told = {"bootstrap.servers": ",".join(f"127.0.0.1:{port}" for port in ports)}
    group = told | {"group.id": "moved", "auto.offset.reset": "earliest"}
    servers = told["bootstrap.servers"]
    producer, consumer, admin = Producer(told), Consumer(config=group), Admin(servers)
    with running(tmp_path, ports[0]):
        producer.send("moved", b"before").result(30)
        consumer.subscribe("moved")
        assert [record.value for record in consumer.poll(30)] == [b"before"]
        consumer.commit()
        assert "moved" in admin.topics.list()
    meanwhile = producer.send("moved", b"meanwhile")
    with running(tmp_path, ports[1]), producer, consumer, admin:
        assert meanwhile.result(60).offset == 1
        assert producer.send("moved", b"after").result(30).offset == 2
        found: list[bytes] = []
        while len(found) < 2:
            records = consumer.poll(30)
            assert records, "it does not go on"
            found += [record.value for record in records]
        assert found == [b"meanwhile", b"after"]
        consumer.commit()
        assert "moved" in admin.topics.list()
