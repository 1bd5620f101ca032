"""Members of a share group that live through kills of their broker, and what they were told.

Each takes records, accepts most, gives some back, refuses some, forgets some, and comes back with
a new session after a kill. A `Ledger` has every word of the broker: what was delivered, how often,
and which acknowledgements were confirmed.
Invariant: a record whose acceptance or refusal was confirmed before a fetch was sent is not in its
answer; every record that was confirmed to its producer is delivered.
Neighbours: `test_broker_shares` kills the broker; `broker_process` is it.
"""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from logcore.protocol.messages.metadata import MetadataRequest, MetadataRequestTopic
from tests.broker.batches import batch
from tests.broker.handlers.asking import produce
from tests.broker.handlers.sharing import GROUP_RESOURCE, Range, Sharer, begin_state
from tests.broker.wire import Wire

TOPIC, GROUP = "jobs", "workers"
PARTITIONS = 2
LOCK_S = 1.0
LIMIT = 5
ACCEPT, RELEASE, REJECT = 1, 2, 3
_LATER = (3, 6, 14, 15, 16, 100)
"""Codes of a broker that has just started."""

Place = tuple[int, int]
"""Partition and offset."""


@dataclass
class Ledger:
    """What the broker said, to everybody."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    produced: set[Place] = field(default_factory=set)
    deliveries: Counter[Place] = field(default_factory=Counter)
    over: dict[Place, int] = field(default_factory=dict)
    """Records whose end was confirmed, with the number of the confirmation."""
    wrong: list[str] = field(default_factory=list)

    def now(self) -> int:
        """Return how much has been confirmed."""
        with self.lock:
            return len(self.over)

    def delivered(self, place: Place, count: int, asked_at: int, member: str) -> None:
        with self.lock:
            self.deliveries[place] += 1
            confirmed = self.over.get(place)
            if confirmed is not None and confirmed < asked_at:
                self.wrong.append(f"{place} came to {member} again after its end")
            if not 1 <= count <= LIMIT:
                self.wrong.append(f"{place} was delivered {count} times")

    def confirmed(self, places: list[Place]) -> None:
        with self.lock:
            for place in places:
                self.over.setdefault(place, len(self.over))


class Patient:
    """Something with a thread of its own that begins anew when its connection breaks."""

    def __init__(self, port: int, name: str) -> None:
        self.port = port
        self.is_over = threading.Event()
        self.failure: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name=name)
        self.name = name

    def _run(self) -> None:
        try:
            while not self.is_over.is_set():
                try:
                    with Wire(self.port) as wire:
                        self.live(wire)
                except (OSError, ConnectionError):
                    time.sleep(0.02)
        except BaseException as error:  # noqa: BLE001 - raised where the test joins
            self.failure = error

    def live(self, wire: Wire) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        self.is_over.set()
        self.thread.join(30)
        assert self.failure is None, self.failure


class Writer(Patient):
    """Produces batches of different sizes."""

    def __init__(self, port: int, ledger: Ledger, seed: int) -> None:
        super().__init__(port, "writer")
        self.ledger = ledger
        self.random = random.Random(seed)

    def live(self, wire: Wire) -> None:
        while not self.is_over.is_set():
            count, partition = self.random.randint(1, 20), self.random.randrange(PARTITIONS)
            answer = produce(wire, TOPIC, batch([b"job"] * count), partition=partition)
            if answer.error_code == 0:
                base = answer.base_offset
                with self.ledger.lock:
                    self.ledger.produced.update((partition, base + at) for at in range(count))
            time.sleep(0.002)


class Worker(Patient):
    """A member that acknowledges as chance has it."""

    def __init__(self, port: int, ledger: Ledger, topic_id: bytes, name: str, seed: int) -> None:
        super().__init__(port, name)
        self.ledger = ledger
        self.topic_id = topic_id
        self.random = random.Random(seed)
        self.is_careful = threading.Event()
        """Accepts everything from now on."""

    def live(self, wire: Wire) -> None:
        sharer = Sharer(wire, GROUP, self.topic_id, self.name, partitions=range(PARTITIONS))
        ranges: dict[int, list[Range]] = {}
        while not self.is_over.is_set():
            asked_at = self.ledger.now()
            options = {"max_wait_ms": 100, "max_records": self.random.choice([1, 7, 50])}
            mode = self.random.randrange(2)
            answer = sharer.fetch(ranges, share_acquire_mode=mode, **options)
            if answer.error_code != 0:
                assert answer.error_code in (122, 123, *_LATER), answer
                sharer.epoch, ranges = 0, {}
                time.sleep(0.02)
                continue
            self._enter(answer, ranges)
            got = self._delivered(answer, asked_at)
            ranges = self._decide(got)
            if ranges and self.random.random() < 0.5:
                ranges = self._acknowledge(sharer, ranges)

    def _delivered(self, answer: Any, asked_at: int) -> list[Place]:
        got = []
        for topic in answer.responses:
            for partition in topic.partitions:
                assert partition.error_code in (0, *_LATER), partition
                for each in partition.acquired_records:
                    for offset in range(each.first_offset, each.last_offset + 1):
                        place = (partition.partition_index, offset)
                        self.ledger.delivered(place, each.delivery_count, asked_at, self.name)
                        got.append(place)
        return got

    def _decide(self, got: list[Place]) -> dict[int, list[Range]]:
        """Choose what becomes of records: mostly whole ranges, sometimes each by itself."""
        ranges: dict[int, list[Range]] = {}
        by_chance = [ACCEPT] * 14 + [RELEASE] * 4 + [REJECT] + [None]
        for partition, offset in sorted(got):
            kind = ACCEPT if self.is_careful.is_set() else self.random.choice(by_chance)
            if kind is None:
                continue
            own = ranges.setdefault(partition, [])
            if own and own[-1][1] + 1 == offset and own[-1][2] == [kind]:
                own[-1] = (own[-1][0], offset, [kind])
            else:
                own.append((offset, offset, [kind]))
        return ranges

    def _acknowledge(
        self, sharer: Sharer, ranges: dict[int, list[Range]]
    ) -> dict[int, list[Range]]:
        """Acknowledge one partition by a request of its own; return what is left to say."""
        partition, own = ranges.popitem()
        request = sharer.acknowledge_request(*own, partition=partition)
        answer = sharer.wire.ask(request, 2)
        if answer.error_code == 0:
            sharer.epoch += 1
            self._confirm(partition, own, answer.responses[0].partitions[0].error_code)
        return ranges

    def _enter(self, answer: Any, ranges: dict[int, list[Range]]) -> None:
        """Note which of the acknowledgements that a fetch brought were confirmed."""
        for topic in answer.responses:
            for partition in topic.partitions:
                own = ranges.get(partition.partition_index, [])
                self._confirm(partition.partition_index, own, partition.acknowledge_error_code)

    def _confirm(self, partition: int, own: list[Range], code: int) -> None:
        assert code in (0, 121, -1, *_LATER), code
        if code == 0:
            self.ledger.confirmed(
                [
                    (partition, offset)
                    for first, last, kinds in own
                    if kinds != [RELEASE]
                    for offset in range(first, last + 1)
                ]
            )


def prepare(port: int) -> bytes:
    """Make the topic and the group; return the topic's id."""
    topic = CreatableTopic(name=TOPIC, num_partitions=PARTITIONS, replication_factor=1)
    config = AlterableConfig(name="share.auto.offset.reset", config_operation=0, value="earliest")
    resource = AlterConfigsResource(
        resource_type=GROUP_RESOURCE, resource_name=GROUP, configs=[config]
    )
    with Wire(port) as wire:
        wire.ask(CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 5)
        wire.ask(IncrementalAlterConfigsRequest(resources=[resource]), 1)
        asked = MetadataRequest(topics=[MetadataRequestTopic(name=TOPIC)])
        topic_id: bytes = wire.ask(asked, 12).topics[0].topic_id
        begin_state(wire, GROUP, topic_id, PARTITIONS, -1)
    return topic_id
