"""Transactional producers that live through kills of their broker, and what they were told.

Each producer writes the same number of values into every partition and commits the offset that
comes with them, or aborts. After a kill it comes back as a new instance. Readers of committed
records must see each transaction whole or not at all, and each that was confirmed; the group's
offset must be that of a transaction that is seen.
Neighbours: `test_broker_transactions` kills the broker; `broker_process` is it.
"""

import random
import threading
import time
from dataclasses import dataclass, field

from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from tests.broker.handlers.transacting import Producer, committed_values
from tests.broker.wire import Wire

TOPIC = "accounts"
PARTITIONS = 3
_RETRIABLE = (14, 15, 16, 51)


@dataclass
class Reach:
    """A broker's port, as `Producer` wants it."""

    port: int
    wires: list[Wire] = field(default_factory=list)

    def wire(self, client_id: str = "test") -> Wire:
        self.wires.append(Wire(self.port, client_id))
        return self.wires[-1]


class Client:
    """One transactional id, with its thread."""

    def __init__(self, port: int, number: int, *, adds: bool) -> None:
        self.port = port
        self.name = f"client-{number}"
        self.adds = adds
        self.random = random.Random(number)
        self.confirmed: set[int] = set()
        self.refused: set[int] = set()
        self.asked: set[int] = set()
        self.count = 0
        self.is_over = threading.Event()
        self.failure: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name=self.name)

    def _run(self) -> None:
        try:
            while not self.is_over.is_set():
                try:
                    self._live()
                except (OSError, ConnectionError):
                    time.sleep(0.02)  # the broker is dead: come back as another instance
        except BaseException as error:  # noqa: BLE001 - raised where the test joins
            self.failure = error

    def _live(self) -> None:
        reach = Reach(self.port)
        try:
            producer = Producer(reach, self.name, adds=self.adds)  # type: ignore[arg-type]
            while (code := producer.init()) in _RETRIABLE:
                time.sleep(0.02)
            assert code == 0, f"{self.name} cannot begin: {code}"
            while not self.is_over.is_set():
                self._transact(producer)
        finally:
            for wire in reach.wires:
                wire.close()

    def _transact(self, producer: Producer) -> None:
        self.count += 1
        number, is_commit = self.count, self.random.random() < 0.7
        if not self.adds:
            self._patiently(lambda: max(producer.add(TOPIC, *range(PARTITIONS)).values()), "add")
            self._patiently(lambda: producer.add_group(self.name), "add the group")
        value = b"%s/%d" % (self.name.encode(), number)
        for partition in range(PARTITIONS):
            self._patiently(
                lambda partition=partition: producer.write(TOPIC, value, partition).error_code,
                "write",
            )
        self._patiently(
            lambda: producer.commit_offset(self.name, TOPIC, number), "commit the offset"
        )
        (self.asked if is_commit else self.refused).add(number)
        self._patiently(lambda: producer.end(is_commit=is_commit), "end")
        if is_commit:
            self.confirmed.add(number)

    def _patiently(self, attempt, what: str) -> None:
        until = time.monotonic() + 10
        while (code := attempt()) in (*_RETRIABLE, 19):
            assert time.monotonic() < until, f"{self.name} cannot {what}: {code}"
            time.sleep(0.01)
        assert code == 0, f"{self.name} cannot {what}: {code}"


def prepare(port: int) -> None:
    """Make the topic, and the topics of the coordinators."""
    topic = CreatableTopic(name=TOPIC, num_partitions=PARTITIONS, replication_factor=1)
    with Wire(port) as wire:
        wire.ask(CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 5)
        for kind in (0, 1):
            wire.ask(FindCoordinatorRequest(key_type=kind, coordinator_keys=["x"]), 6)


def check(port: int, clients: list[Client]) -> int:
    """Compare what readers see with what was told; return how many transactions are seen."""
    with Wire(port) as wire:
        seen = [committed_values(wire, TOPIC, partition) for partition in range(PARTITIONS)]
    count = 0
    for client in clients:
        prefix = client.name.encode() + b"/"
        numbers = [
            [int(value.removeprefix(prefix)) for value in values if value.startswith(prefix)]
            for values in seen
        ]
        assert numbers[0] == numbers[1] == numbers[2], f"{client.name}: seen by half"
        assert numbers[0] == sorted(set(numbers[0])), f"{client.name}: twice, or out of order"
        visible = set(numbers[0])
        assert client.confirmed <= visible, f"{client.name}: {client.confirmed - visible} are lost"
        assert not visible - client.asked, f"{client.name}: nobody asked for these"
        count += len(visible)
        offset = _offset_of(port, client.name)
        expected = max(visible, default=-1)
        assert offset == expected, f"{client.name}: offset {offset}, transactions to {expected}"
    return count


def _offset_of(port: int, group_id: str) -> int:
    from tests.broker.handlers.transacting import offset_of  # noqa: PLC0415

    reach = Reach(port)
    try:
        offset, code = offset_of(reach, group_id, TOPIC, require_stable=True)  # type: ignore[arg-type]
    finally:
        for wire in reach.wires:
            wire.close()
    assert code == 0, f"{group_id}: {code}"
    return offset
