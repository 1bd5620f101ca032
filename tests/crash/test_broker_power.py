"""Power loss of a whole broker with flush.messages=1: what was acknowledged had reached the disk.

The cut is simulated: the directory is copied while clients are at work, and in the copy everything
is destroyed that no fsync has covered, by what the logs themselves say is durable. A broker that
is started on the copy must have all that was acknowledged before.
Invariant: the seed is printed. That the logs say the truth is for `rust/tests/crash_manager.rs` to
show, on a disk that is simulated call by call; here, that nothing is answered earlier.
"""

import random
import shutil
import struct
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from logcore.protocol.messages.metadata import MetadataRequest
from tests.broker.batches import batch
from tests.broker.handlers.asking import fetch, produce
from tests.broker.running import Running, running_broker
from tests.broker.wire import Wire
from tests.crash.commits import GROUP, commit, committed_offset

CUTS = 12
TOPIC = "kept"
PARTITIONS = 2
METADATA = "__cluster_metadata"
OFFSETS = "__consumer_offsets"
SETTINGS = {
    "log_flush_interval_messages": "1",
    "offsets_topic_num_partitions": "1",
    "log_segment_bytes": "1048576",
}


class Clients:
    """Who is at work, and what was acknowledged to them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.stopping = threading.Event()
        self.values: dict[int, list[bytes]] = defaultdict(list)
        self.committed = -1
        self.created: list[str] = []
        self.failures: list[BaseException] = []
        works = [*(self._producing(at) for at in range(PARTITIONS)), self._commit, self._create]
        self.threads = [threading.Thread(target=self._run, args=(work,)) for work in works]

    def _run(self, work: Callable[[Wire, int], None]) -> None:
        try:
            with Wire(self.port) as wire:
                number = 0
                while not self.stopping.is_set():
                    number += 1
                    work(wire, number)
        except BaseException as error:
            self.failures.append(error)
            raise

    def _producing(self, partition: int) -> Callable[[Wire, int], None]:
        def work(wire: Wire, number: int) -> None:
            value = b"%d of %d" % (number, partition)
            answer = produce(wire, TOPIC, batch([value] * 3), partition=partition)
            assert answer.error_code == 0
            self.values[partition].append(value)

        return work

    def _commit(self, wire: Wire, number: int) -> None:
        assert commit(wire, TOPIC, number)
        self.committed = number

    def _create(self, wire: Wire, number: int) -> None:
        name = f"made-{number}"
        topic = CreatableTopic(name=name, num_partitions=1, replication_factor=1)
        answer = wire.ask(CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 5)
        assert answer.topics[0].error_code == 0
        self.created.append(name)
        self.stopping.wait(0.05)

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        assert not self.failures, self.failures


def prepared(running: Running) -> None:
    with Wire(running.port) as wire:
        topic = CreatableTopic(name=TOPIC, num_partitions=PARTITIONS, replication_factor=1)
        wire.ask(CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 5)
        while wire.ask(FindCoordinatorRequest(key=GROUP), 1).error_code:
            pass
        while committed_offset(wire, TOPIC) != -1:
            pass


def durable_ends(running: Running) -> dict[str, int]:
    """How far each log says that it is on disk, by the name of its directory."""
    logs = running.broker.parts.replicas.logs
    ends = {}
    for topic, index in logs.partitions():
        log = logs.get(topic, index)
        assert log is not None
        ends[f"{topic}-{index}"] = log.recovery_point
    return ends


def cut_power(path: Path, ends: dict[str, int], chance: random.Random) -> None:
    """Destroy in a copied directory what is not durable."""
    (path / ".lock").unlink(missing_ok=True)
    for directory in path.iterdir():
        if not directory.is_dir():
            continue
        end = ends.get(directory.name, 0)
        for file in sorted(directory.glob("*.log")):
            destroy_from(file, position_of(file, end), chance)
        for pattern in ("*.index", "*.timeindex"):
            for file in directory.glob(pattern):
                destroy_from(file, 0, chance)


def position_of(file: Path, offset: int) -> int:
    """Where in a segment the first batch is that begins at or after an offset."""
    data, position = file.read_bytes(), 0
    while position + 12 <= len(data):
        base, length = struct.unpack_from(">qi", data, position)
        if length <= 0 or base >= offset:
            break
        position += 12 + length
    return position


def destroy_from(file: Path, position: int, chance: random.Random) -> None:
    """Leave behind a position what a power loss may leave: nothing, zeros, noise, or part of it."""
    data = file.read_bytes()
    lost = len(data) - position
    kept = data[position : position + chance.randrange(lost + 1)]
    tail = chance.choice((b"", bytes(lost), chance.randbytes(lost), kept))
    file.write_bytes(data[:position] + tail)


def check(path: Path, values: dict[int, list[bytes]], committed: int, created: list[str]) -> None:
    with running_broker(path, **SETTINGS) as again, Wire(again.port) as wire:
        for partition, expected in values.items():
            found = fetch(
                wire, TOPIC, 0, partition=partition, max_bytes=1 << 26, total_bytes=1 << 26
            )
            assert found.high_watermark >= 3 * len(expected)
            records = bytes(found.records)
            missing = [value for value in expected if records.count(value + b"\0") < 3]
            assert not missing, f"acknowledged and lost: {missing[:5]}"
        assert committed_offset(wire, TOPIC) >= committed
        listed = {topic.name for topic in wire.ask(MetadataRequest(topics=None), 12).topics}
        assert listed >= set(created)


def test_what_was_acknowledged_survives_a_power_loss(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 30)
    chance = random.Random(seed)
    print(f"seed {seed}")  # noqa: T201
    cuts = []
    with running_broker(tmp_path / "data", **SETTINGS) as running:
        prepared(running)
        clients = Clients(running.port)
        clients.start()
        for cut in range(CUTS):
            clients.stopping.wait(chance.uniform(0, 0.1))
            # In this order: what is acknowledged later is not asked for, and may be destroyed.
            values = {at: list(known) for at, known in clients.values.items()}
            committed, created = clients.committed, list(clients.created)
            ends = durable_ends(running)
            copy = tmp_path / f"cut-{cut}"
            shutil.copytree(tmp_path / "data", copy)
            cuts.append((copy, ends, values, committed, created))
        clients.stop()
    assert clients.committed > 0
    assert clients.created
    assert min(map(len, clients.values.values())) > CUTS
    for copy, ends, values, committed, created in cuts:
        cut_power(copy, ends, chance)
        check(copy, values, committed, created)


def test_nothing_is_answered_before_it_is_on_disk(tmp_path: Path) -> None:
    with running_broker(tmp_path, **SETTINGS) as running:
        prepared(running)
        clients = Clients(running.port)
        logs = running.broker.parts.replicas.logs
        ends = {name: logs.get(name, 0) for name in (TOPIC, OFFSETS, METADATA)}
        works: list[tuple[str, Callable[[Wire, int], None]]] = [
            (TOPIC, clients._producing(0)), (OFFSETS, clients._commit), (METADATA, clients._create)
        ]  # fmt: skip
        clients.stopping.set()
        with Wire(running.port) as wire:
            for number in range(1, 20):
                for name, work in works:
                    log = ends[name]
                    assert log is not None
                    before = log.end_offset
                    work(wire, number)
                    assert log.recovery_point == log.end_offset > before


def test_without_the_setting_only_the_metadata_waits_for_the_disk(tmp_path: Path) -> None:
    """As in Apache Kafka: records and committed offsets are in the page cache of the replicas."""
    with running_broker(tmp_path, offsets_topic_num_partitions="1") as running:
        prepared(running)
        clients = Clients(running.port)
        clients.stopping.set()
        logs = running.broker.parts.replicas.logs
        with Wire(running.port) as wire:
            for work in (clients._producing(0), clients._commit, clients._create):
                work(wire, 1)
        durable = {}
        for name in (TOPIC, OFFSETS, METADATA):
            log = logs.get(name, 0)
            assert log is not None
            durable[name] = log.recovery_point == log.end_offset
        assert durable == {TOPIC: False, OFFSETS: False, METADATA: True}
