"""SIGTERM: whoever waits is answered, nothing acknowledged is lost, and the end comes in time.

Neighbours: `broker_process` is the broker; `test_broker_kill` does without the SIGTERM.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from logcore.protocol.messages.join_group import JoinGroupRequest, JoinGroupRequestProtocol
from logcore.protocol.messages.sync_group import SyncGroupRequest
from tests.broker.batches import batch
from tests.broker.handlers.asking import fetch, fetch_request, produce
from tests.broker.wire import Wire
from tests.crash.broker_process import BrokerProcess

TOPIC = "t"
GROUP = "waiting"
JOIN_VERSION, SYNC_VERSION, FETCH_VERSION = 5, 3, 12
LONG_MS = 300_000
NOT_COORDINATOR = 16
UNANSWERED_CODES = frozenset({NOT_COORDINATOR, 14, 15, 27})
"""Codes that make a client look for its coordinator again, or join again."""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    with BrokerProcess(tmp_path) as made:
        with Wire(made.port) as wire:
            topic = CreatableTopic(name=TOPIC, num_partitions=2, replication_factor=1)
            wire.ask(CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 5)
            wire.ask(FindCoordinatorRequest(key=GROUP), 1)
        yield made


def join_request(member_id: str = "") -> JoinGroupRequest:
    return JoinGroupRequest(
        group_id=GROUP,
        member_id=member_id,
        session_timeout_ms=30_000,
        rebalance_timeout_ms=LONG_MS,
        protocol_type="consumer",
        protocols=[JoinGroupRequestProtocol(name="range", metadata=b"")],
    )


def joined(wire: Wire) -> Any:
    """Join as the only member."""
    while True:
        first = wire.ask(join_request(), JOIN_VERSION)
        if first.error_code == 79:  # with the id that the member is to use
            return wire.ask(join_request(first.member_id), JOIN_VERSION)
        assert first.error_code in {14, 15}, first


def waiting_requests(port: int) -> list[tuple[Wire, ApiKey, int, Callable[[Any], bool]]]:
    """Send requests that wait for others, for a long time; each with what may answer it."""
    waiting: list[tuple[Wire, ApiKey, int, Callable[[Any], bool]]] = []
    fetching = Wire(port)
    fetching.send(fetch_request(TOPIC, 0, max_wait_ms=LONG_MS), FETCH_VERSION)
    waiting.append((fetching, ApiKey.FETCH, FETCH_VERSION, lambda answer: not answer.error_code))
    leader = joined(first := Wire(port))
    first.close()
    assert leader.leader == leader.member_id
    # The leader does not come back, so a second member waits for it.
    second = Wire(port)
    asked = second.ask(join_request(), JOIN_VERSION)
    second.send(join_request(asked.member_id), JOIN_VERSION)
    waiting.append(
        (second, ApiKey.JOIN_GROUP, JOIN_VERSION, lambda got: got.error_code in UNANSWERED_CODES)
    )
    return waiting


def test_requests_that_wait_are_answered_at_the_stop(broker: BrokerProcess):
    waiting = waiting_requests(broker.port)
    with Wire(broker.port) as wire:  # behind those that wait
        assert fetch(wire, TOPIC, 0).error_code == 0
    stopped = threading.Thread(target=broker.stop)
    stopped.start()
    for wire, key, version, is_right in waiting:
        answer = wire.receive(key, version)
        assert is_right(answer), answer
        wire.close()
    stopped.join()
    assert "Traceback" not in broker.log


def test_a_member_that_waits_for_its_assignment_is_answered_at_the_stop(broker: BrokerProcess):
    with Wire(broker.port) as leading, Wire(broker.port) as following:
        leader = joined(leading)
        asked = following.ask(join_request(), JOIN_VERSION)
        following.send(join_request(asked.member_id), JOIN_VERSION)
        leading.ask(join_request(leader.member_id), JOIN_VERSION)
        follower = following.receive(ApiKey.JOIN_GROUP, JOIN_VERSION)
        sync = SyncGroupRequest(
            group_id=GROUP, generation_id=follower.generation_id, member_id=follower.member_id
        )
        following.send(sync, SYNC_VERSION)
        with Wire(broker.port) as wire:
            assert fetch(wire, TOPIC, 0).error_code == 0
        stopped = threading.Thread(target=broker.stop)
        stopped.start()
        answer = following.receive(ApiKey.SYNC_GROUP, SYNC_VERSION)
        assert answer.error_code in UNANSWERED_CODES
        stopped.join()


def test_a_stop_under_load_loses_nothing_and_needs_no_recovery(broker: BrokerProcess):
    acknowledged = [0, 0]
    failures: list[BaseException] = []

    def work(partition: int) -> None:
        try:
            with Wire(broker.port) as wire:
                while True:
                    sent = batch([b"%d" % acknowledged[partition]])
                    answer = produce(wire, TOPIC, sent, partition=partition)
                    assert (answer.error_code, answer.base_offset) == (0, acknowledged[partition])
                    acknowledged[partition] += 1
        except OSError:
            return  # the broker has closed
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work, args=(partition,)) for partition in range(2)]
    for thread in threads:
        thread.start()
    while min(acknowledged) < 200:
        time.sleep(0.001)
    assert broker.stop() == 0
    for thread in threads:
        thread.join()
    assert not failures
    assert "Traceback" not in broker.log
    broker.start()
    assert "after a crash" not in broker.ready_line
    with Wire(broker.port) as wire:
        for partition in range(2):
            end = fetch(wire, TOPIC, 0, partition=partition).high_watermark
            # One more may be there, whose answer the broker could not get across any more.
            assert acknowledged[partition] <= end <= acknowledged[partition] + 1
    assert broker.stop() == 0


@pytest.mark.parametrize("connections", [0, 50])
def test_idle_connections_do_not_keep_it_from_stopping(broker: BrokerProcess, connections: int):
    wires = [Wire(broker.port) for _ in range(connections)]
    for wire in wires:
        assert fetch(wire, TOPIC, 0).error_code == 0
        wire.socket.sendall(b"\0\0\1")  # the beginning of a request that never comes
    assert broker.stop() == 0
    for wire in wires:
        wire.close()
