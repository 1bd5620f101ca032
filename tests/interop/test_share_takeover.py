"""Share groups on the directory of an Apache Kafka node: taken over, used, and given back.

Invariant: what is acknowledged on one side is not delivered on the other, and Kafka's tool tells
the same of a group on both.
Neighbours: `test_takeover` does so for everything else; `test_share_files` looks at the records.
"""

from pathlib import Path

import pytest

from tests.interop.test_takeover import Ours, kafka_again, ours, tool
from tests.peers import kafka

pytestmark = [
    pytest.mark.long,
    pytest.mark.peer,
    pytest.mark.usefixtures("kafka_tools"),
    pytest.mark.timeout(300),
]

CONFIG = {"offsets.topic.num.partitions": "3", "share.coordinator.state.topic.num.partitions": "3"}
EARLIEST = "share.auto.offset.reset=earliest"


def run(broker: Ours | kafka.KafkaBroker, name: str, *arguments: str) -> str:
    return (
        tool(broker, name, *arguments)
        if isinstance(broker, Ours)
        else broker.tool(name, *arguments)
    )


def consume(broker: Ours | kafka.KafkaBroker, count: int) -> list[str]:
    said = run(
        broker, "console-share-consumer", "--topic", "t", "--group", "g", "--max-messages",
        str(count), "--timeout-ms", "30000",
    )  # fmt: skip
    return said.split()[:count]


def told(broker: Ours | kafka.KafkaBroker, group: str) -> str:
    return run(broker, "share-groups", "--describe", "--group", group, "--offsets")


def reset(broker: Ours | kafka.KafkaBroker, group: str, *where: str) -> str:
    return run(
        broker, "share-groups", "--reset-offsets", "--group", group, "--topic", "t", *where,
        "--execute",
    )  # fmt: skip


def listed(broker: Ours | kafka.KafkaBroker) -> list[str]:
    return sorted(run(broker, "share-groups", "--list").split())


def test_a_share_group_goes_on_here_and_on_kafka_again(tmp_path: Path):
    with kafka.running_kafka(tmp_path, None, CONFIG) as broker:
        broker.tool("topics", "--create", "--topic", "t", "--partitions", "1")
        broker.tool("console-producer", "--topic", "t", stdin="a\nb\nc\nd\ne\nf\n")
        for group in ("g", "set"):
            entity = ("--entity-type", "groups", "--entity-name", group)
            broker.tool("configs", *entity, "--alter", "--add-config", EARLIEST)
        assert consume(broker, 2) == ["a", "b"]
        reset(broker, "set", "--to-latest")
        on_kafka = [told(broker, group) for group in ("g", "set")]
    with ours(tmp_path) as here:
        assert [told(here, group) for group in ("g", "set")] == on_kafka
        assert consume(here, 2) == ["c", "d"]
        reset(here, "set", "--to-earliest")
        reset(here, "gone", "--to-earliest")
        run(here, "share-groups", "--delete", "--group", "gone")
        assert listed(here) == ["g", "set"]
        on_ours = [told(here, group) for group in ("g", "set")]
    with kafka_again(tmp_path) as again:
        assert listed(again) == ["g", "set"]
        assert [told(again, group) for group in ("g", "set")] == on_ours
        assert consume(again, 2) == ["e", "f"]
    with ours(tmp_path) as here:
        (line,) = [line for line in told(here, "g").splitlines() if line.startswith("g ")]
        assert line.split()[-1] == "0", "nothing is left"
