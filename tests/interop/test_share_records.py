"""Share fetches and acknowledgements beside Apache Kafka's: the same requests, the same answers.

Invariant: both brokers are asked the same over the wire, and what is compared are error codes and
acquired ranges with their counts; what differs on purpose is in docs/share-groups.md.
Neighbours: `tests/broker/share` tests the parts by themselves; `test_share_answers` asks the other
APIs of share groups.
"""

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from logcore.protocol.messages.delete_records import (
    DeleteRecordsPartition,
    DeleteRecordsRequest,
    DeleteRecordsTopic,
)
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from tests.broker.batches import batch
from tests.broker.handlers.asking import produce
from tests.broker.handlers.sharing import GROUP_RESOURCE, Range, Sharer, acquired, begin_state
from tests.broker.handlers.transacting import Producer
from tests.broker.wire import Wire
from tests.interop.broker import running_broker
from tests.interop.made import make_topics
from tests.peers import kafka

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

SETTINGS = {"share.coordinator.state.topic.num.partitions": "2", "num.partitions": "1"}
ACCEPT, RELEASE, REJECT, RENEW, GAP = [1], [2], [3], [4], [0]
FAR = 2**63 - 1
WAIT_MS = 1_000
IN_VAIN_MS = 200
NOTHING: dict[str, Any] = {"max_bytes": 0, "min_bytes": 0, "max_records": 0, "max_wait_ms": 0}


@dataclass
class Stage:
    """One of the two brokers."""

    port: int
    numbers: Iterator[int] = field(default_factory=itertools.count)
    wires: list[Wire] = field(default_factory=list)

    def wire(self, client_id: str = "test") -> Wire:
        """Connect; the connection is closed with the stage."""
        self.wires.append(Wire(self.port, client_id))
        return self.wires[-1]

    def open(self) -> None:
        """Wait until transactions are coordinated."""
        request = FindCoordinatorRequest(key_type=1, coordinator_keys=["first"])
        with self.wire() as wire:
            while wire.ask(request, 6).coordinators[0].error_code:
                time.sleep(0.05)

    def close(self) -> None:
        for wire in self.wires:
            wire.close()

    def topic(self, partitions: int = 1) -> tuple[str, bytes]:
        """Make a topic; return its name and id."""
        name = f"topic-{next(self.numbers)}"
        with self.wire() as wire:
            return name, make_topics(wire, **{name: partitions})[name]

    def group(self, topic_id: bytes, partitions: int = 1, **configs: str) -> str:
        """Begin a group on a topic."""
        name = f"group-{next(self.numbers)}"
        configs = {"share_auto_offset_reset": "earliest"} | configs
        changes = [
            AlterableConfig(name=key.replace("_", "."), config_operation=0, value=value)
            for key, value in configs.items()
        ]
        resource = AlterConfigsResource(
            resource_type=GROUP_RESOURCE, resource_name=name, configs=changes
        )
        with self.wire() as wire:
            answer = wire.ask(IncrementalAlterConfigsRequest(resources=[resource]), 1)
            assert answer.responses[0].error_code == 0, answer
            begin_state(wire, name, topic_id, partitions, -1)
        return name

    def sharer(self, sizes: list[int], **configs: Any) -> Sharer:
        """Produce batches of some sizes, and begin a group to read them."""
        topic, topic_id = self.topic()
        with self.wire() as wire:
            for size in sizes:
                assert produce(wire, topic, batch([b"v"] * size)).error_code == 0
        group = self.group(topic_id, **configs)
        return Sharer(self.wire(), group, topic_id)

    def another(self, one: Sharer, name: str = "another") -> Sharer:
        return Sharer(self.wire(), one.group, one.topic_id, name)


def got(one: Sharer, ranges: dict[int, list[Range]] | None = None, **options: Any) -> Any:
    """Fetch; return what was acquired, and the codes that are none."""
    answer = one.fetch(ranges, **({"max_wait_ms": WAIT_MS} | options))
    if answer.error_code:
        return answer.error_code
    codes = [
        (each.partition_index, each.error_code, each.acknowledge_error_code)
        for topic in answer.responses
        for each in topic.partitions
        if each.error_code or each.acknowledge_error_code
    ]
    return acquired(answer), codes


def whole_batches(stage: Stage) -> list[Any]:
    one = stage.sharer([10, 10, 10])
    return [got(one, max_records=5), got(one, max_records=15), got(one, max_wait_ms=IN_VAIN_MS)]


def pieces(stage: Stage) -> list[Any]:
    return [
        got(stage.sharer([10, 10, 10]), batch_size=10),
        got(stage.sharer([4, 4, 4, 4]), batch_size=6),
        got(stage.sharer([4, 4]), batch_size=1),
    ]


def record_limits(stage: Stage) -> list[Any]:
    one, two = stage.sharer([10, 10]), stage.sharer([4, 4, 4, 4])
    exact: dict[str, Any] = {"share_acquire_mode": 1}
    return [
        got(one, max_records=4, **exact),
        got(one, max_records=4, **exact),
        one.acknowledge((0, 3, RELEASE), (4, 7, ACCEPT)),
        got(one, max_records=3, **exact),
        got(one, max_records=6, **exact),
        one.acknowledge((8, 12, RELEASE)),
        got(one, **exact),
        got(two, max_records=6, **exact),
        got(two, max_records=1, **exact),
        got(two, **exact),
    ]


def what_is_free_again(stage: Stage) -> list[Any]:
    one = stage.sharer([10, 10])
    return [
        got(one, max_records=10),
        one.acknowledge((0, 1, ACCEPT), (2, 4, RELEASE), (5, 9, ACCEPT)),
        got(one, max_records=1),
        one.acknowledge((2, 2, RELEASE), (3, 4, ACCEPT)),
        got(one),
        got(one, {0: [(2, 2, ACCEPT)]}, max_wait_ms=IN_VAIN_MS),
    ]


def often_delivered(stage: Stage) -> list[Any]:
    """Release everything until nothing comes any more."""
    one = stage.sharer([16])
    found, last = [], got(one)
    for _ in range(24):
        found.append(last)
        for first, end, _count in last[0]:
            one.acknowledge((first, end, RELEASE))
        last = got(one, max_wait_ms=IN_VAIN_MS)
    return found


def limit_of_two(stage: Stage) -> list[Any]:
    one = stage.sharer([5, 5], share_delivery_count_limit="2")
    return [
        got(one, max_records=5),
        one.acknowledge((0, 4, RELEASE)),
        got(one, max_records=5),
        one.acknowledge((0, 4, RELEASE)),
        got(one, max_records=5),
    ]


def locks(stage: Stage) -> list[Any]:
    one = stage.sharer([30] * 6, share_partition_max_record_locks="100")
    return [
        got(one),
        got(one, max_wait_ms=IN_VAIN_MS),
        one.acknowledge((0, 59, ACCEPT)),
        got(one),
    ]


WRONG: list[list[Range]] = [
    [(9, 0, ACCEPT)],
    [(0, 5, ACCEPT), (4, 9, ACCEPT)],
    [(5, 9, ACCEPT), (0, 4, ACCEPT)],
    [(0, 4, ACCEPT), (4, 9, ACCEPT)],
    [(0, 9, [])],
    [(0, 9, [1, 1])],
    [(0, 9, [1] * 11)],
    [(0, 9, [5])],
    [(0, 9, [-1])],
    [(0, 9, RENEW)],
    [(0, FAR, ACCEPT)],
    [(FAR, FAR, ACCEPT)],
    [(10, 19, ACCEPT)],
    [(5, 10, ACCEPT)],
    [(-9, -5, ACCEPT)],
]


def wrong_ranges(stage: Stage) -> list[Any]:
    one = stage.sharer([10])
    found: list[Any] = [got(one)]
    found += [one.acknowledge(*ranges) for ranges in WRONG]
    found += [got(one, {0: ranges}, max_wait_ms=0) for ranges in WRONG]
    return [*found, one.acknowledge((0, 9, ACCEPT)), one.acknowledge((0, 9, ACCEPT))]


def wrong_owners(stage: Stage) -> list[Any]:
    one = stage.sharer([10])
    two = stage.another(one)
    return [
        got(one),
        got(two, max_wait_ms=IN_VAIN_MS),
        two.acknowledge((0, 9, ACCEPT)),
        one.acknowledge((0, 4, RELEASE)),
        one.acknowledge((0, 4, ACCEPT)),
        got(two),
        one.acknowledge((3, 6, ACCEPT)),
        one.acknowledge((5, 9, ACCEPT)),
        two.acknowledge((0, 4, ACCEPT)),
    ]


def each_type(stage: Stage) -> list[Any]:
    one = stage.sharer([10])
    return [
        got(one),
        one.acknowledge((0, 4, [1, 2, 3, 0, 1]), (5, 9, REJECT)),
        got(one),
        one.acknowledge((1, 1, GAP)),
        got(one, max_wait_ms=IN_VAIN_MS),
    ]


def renewals(stage: Stage) -> list[Any]:
    one = stage.sharer([10])
    off = stage.sharer([10], share_renew_acknowledge_enable="false")
    return [
        got(one),
        one.acknowledge((0, 4, RENEW), (5, 9, ACCEPT), renew=True),
        one.acknowledge((5, 9, RENEW), renew=True),
        got(one, {0: [(0, 4, RENEW)]}, is_renew_ack=True, **NOTHING),
        got(one, {0: [(0, 4, RENEW)]}, is_renew_ack=True),
        one.acknowledge((0, 4, ACCEPT), renew=True),
        got(off),
        off.acknowledge((0, 4, RENEW), renew=True),
        off.acknowledge((0, 9, ACCEPT)),
    ]


def sessions(stage: Stage) -> list[Any]:
    one = stage.sharer([10])
    found: list[Any] = []
    for epoch in (3, -1):
        one.epoch = epoch
        found.append(got(one))
    one.epoch = 0
    found += [got(one, {0: [(0, 9, ACCEPT)]}), got(one)]
    one.epoch = 7
    found.append(got(one))
    for epoch in (0, 9):
        request = one.acknowledge_request((0, 9, ACCEPT), epoch=epoch)
        found.append(one.wire.ask(request, 2).error_code)
    one.epoch = 0
    found.append(got(one, max_wait_ms=IN_VAIN_MS))
    found.append(one.acknowledge((0, 4, ACCEPT)))
    found.append(one.close().error_code)
    found.append(one.close().error_code)
    return [*found, got(stage.another(one))]


def members_that_cannot_be(stage: Stage) -> list[Any]:
    one = stage.sharer([10])
    found = []
    for name in ("", "m" * 36, "m" * 37):
        one.member, one.epoch = name, 0
        found.append(got(one, max_wait_ms=IN_VAIN_MS))
    return found


def connections_that_close(stage: Stage) -> list[Any]:
    one = stage.sharer([10])
    two = stage.another(one)
    found = [got(one), got(two, max_wait_ms=IN_VAIN_MS)]
    one.wire.close()
    return [*found, got(two)]


def unknown_places(stage: Stage) -> list[Any]:
    one = stage.sharer([10])
    one.partitions = (0, 7)
    return [
        got(one),
        one.acknowledge((0, 9, ACCEPT), partition=7),
        one.acknowledge((0, 9, ACCEPT)),
    ]


def transactions(stage: Stage) -> list[Any]:
    found = []
    for isolation in ("read_uncommitted", "read_committed"):
        topic, topic_id = stage.topic()
        with stage.wire() as wire:
            produce(wire, topic, batch([b"first"]))
            producer = Producer(stage)  # type: ignore[arg-type]  # has what it needs of it
            for is_commit in (False, True):
                while producer.init():
                    time.sleep(0.05)
                assert producer.write(topic, b"in a transaction").error_code == 0
                assert producer.end(is_commit=is_commit) == 0
            produce(wire, topic, batch([b"last"]))
        group = stage.group(topic_id, share_isolation_level=isolation)
        one = Sharer(stage.wire(), group, topic_id)
        offsets: set[int] = set()
        for _ in range(4):
            for first, last, _count in got(one, max_wait_ms=IN_VAIN_MS)[0]:
                offsets.update(range(first, last + 1))
        found.append(sorted(offsets))
    return found


SCENES: list[Callable[[Stage], list[Any]]] = [
    whole_batches,
    pieces,
    record_limits,
    what_is_free_again,
    often_delivered,
    limit_of_two,
    locks,
    wrong_ranges,
    wrong_owners,
    each_type,
    renewals,
    sessions,
    members_that_cannot_be,
    connections_that_close,
    unknown_places,
    transactions,
]


@pytest.fixture(scope="module")
def stages() -> Iterator[tuple[Stage, Stage]]:
    with (
        tempfile.TemporaryDirectory() as ours,
        tempfile.TemporaryDirectory() as theirs,
        running_broker(Path(ours), settings=SETTINGS) as mine,
        kafka.running_kafka(Path(theirs), config=SETTINGS) as other,
    ):
        ports = [int(each.bootstrap.rpartition(":")[2]) for each in (mine, other)]
        opened = Stage(ports[0]), Stage(ports[1])
        for stage in opened:
            stage.open()
        try:
            yield opened
        finally:
            for stage in opened:
                stage.close()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_answers_agree(stages: tuple[Stage, Stage], scene: Callable[[Stage], list[Any]]):
    mine, other = stages
    assert scene(mine) == scene(other)


def test_a_log_that_begins_later(stages: tuple[Stage, Stage]):
    """Records are given up with the log; Apache Kafka hands out deleted ones of the first batch."""
    for stage, first in zip(stages, (25, 20), strict=True):
        topic, topic_id = stage.topic()
        with stage.wire() as wire:
            for _ in range(4):
                produce(wire, topic, batch([b"v"] * 10))
            one = Sharer(stage.wire(), stage.group(topic_id), topic_id)
            assert got(one, max_records=10) == ([(0, 9, 1)], [])
            assert got(one, max_records=10) == ([(10, 19, 1)], [])
            assert one.acknowledge((10, 19, RELEASE)) == 0
            asked = DeleteRecordsPartition(partition_index=0, offset=25)
            deleted = DeleteRecordsTopic(name=topic, partitions=[asked])
            answer = wire.ask(DeleteRecordsRequest(topics=[deleted], timeout_ms=10_000), 2)
            assert answer.topics[0].partitions[0].error_code == 0
        left = [each for _ in range(3) for each in got(one, max_wait_ms=IN_VAIN_MS)[0]]
        assert left == [(first, 39, 1)]
        assert one.acknowledge((0, 9, ACCEPT)) == 0
