"""SIGKILL of a broker under load, again and again: `python -m tests.crash.kill_broker KILLS SEED`.

Whatever it acknowledged must be there, once: records in order, offsets of a group, topics with
their settings. The seed is printed; it repeats the moments of the kills, as far as machines repeat.
Invariant: the clients know what was acknowledged from its answers only, and live through all kills.
Neighbours: `load` has the clients; `test_broker_kill` runs ten kills, `make fuzz` a hundred.
"""

import random
import sys
import tempfile
import time
from pathlib import Path

from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.describe_configs import (
    DescribeConfigsRequest,
    DescribeConfigsResource,
)
from logcore.protocol.messages.metadata import MetadataRequest
from tests.broker.wire import Wire
from tests.crash.broker_process import BrokerProcess
from tests.crash.load import (
    IDEMPOTENT,
    PARTITIONS,
    PRODUCERS,
    Load,
    records,
)

KILLS = 100
LIVES_MAX_S = 0.5
SETTINGS = {
    "log_segment_bytes": "1048576",
    "offsets_topic_num_partitions": "2",
    "log_retention_ms": "-1",
}
_TOPIC = 2


def make_topics(port: int) -> None:
    topics = [
        CreatableTopic(name=name, num_partitions=PARTITIONS, replication_factor=1)
        for name in PRODUCERS
    ]
    with Wire(port) as wire:
        answer = wire.ask(CreateTopicsRequest(topics=topics, timeout_ms=10_000), 5)
    assert not any(topic.error_code for topic in answer.topics)


def check_records(port: int, load: Load) -> int:
    """Compare what was acknowledged with what is there; return how many records there are."""
    count = 0
    for name in PRODUCERS:
        for partition in range(PARTITIONS):
            expected = dict(load.acknowledged[name, partition])
            found = records(port, name, partition)
            wrong = [at for at, value in expected.items() if found.get(at) != value]
            assert not wrong, f"{name}-{partition}: acknowledged and lost or changed: {wrong[:10]}"
            assert sorted(found) == list(range(len(found))), "offsets are missing"
            numbers = [int(value.split()[1]) for _, value in sorted(found.items())]
            assert len(set(numbers)) == len(numbers), (
                f"{name}-{partition}: something is there twice"
            )
            if name == IDEMPOTENT:
                assert numbers == sorted(numbers), f"{name}-{partition}: out of order"
            count += len(found)
    return count


def check_topics(port: int, made: dict[str, int]) -> None:
    """Every topic that was acknowledged is there, with its partitions and its setting."""
    with Wire(port) as wire:
        listed = {topic.name: topic for topic in wire.ask(MetadataRequest(topics=None), 12).topics}
        asked = [
            DescribeConfigsResource(
                resource_type=_TOPIC, resource_name=name, configuration_keys=["retention.ms"]
            )
            for name in made
        ]
        described = wire.ask(DescribeConfigsRequest(resources=asked), 4).results
    for name, number in made.items():
        assert len(listed[name].partitions) == 1 + number % 3
    assert {each.resource_name: int(each.configs[0].value) for each in described} == made


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def kill_and_restart(broker: BrokerProcess, load: Load, after_s: float) -> None:
    """Kill it, start it again, and see that what it keeps in its own logs has not gone back."""
    load.wait_for_progress()
    time.sleep(after_s)
    broker.kill()
    made = dict(load.topics)
    broker.start()
    check_topics(broker.port, made)


def run(path: Path, kills: int, seed: int) -> None:
    """Kill a broker on a directory so often."""
    chance = random.Random(seed)
    with BrokerProcess(path, **SETTINGS) as broker:
        make_topics(broker.port)
        load = Load(broker.port)
        load.start()
        try:
            for kill in range(kills):
                after_s = chance.uniform(0, LIVES_MAX_S)
                kill_and_restart(broker, load, after_s)
                say(f"kill {kill} after {after_s:.3f} s: {broker.ready_line.strip()}")
        finally:
            load.stop()
        count = check_records(broker.port, load)
        acknowledged = sum(map(len, load.acknowledged.values()))
        say(f"{acknowledged} records acknowledged, {count} there, {len(load.topics)} topics")
        # An idempotent producer asks again until it is told, so it was told of all in the end.
        told = sum(len(load.acknowledged[IDEMPOTENT, at]) for at in range(PARTITIONS))
        assert told == load.sent[IDEMPOTENT], (told, load.sent[IDEMPOTENT])
        assert broker.stop() == 0, broker.log
        assert "Traceback" not in broker.log, broker.log
        broker.start()
        assert check_records(broker.port, load) == count


def main(kills: int = KILLS, seed: int | None = None) -> None:
    """Kill, and say how it went."""
    seed = random.SystemRandom().randrange(1 << 30) if seed is None else seed
    say(f"{kills} kills, seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), kills, seed)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
