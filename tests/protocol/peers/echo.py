"""Kafka's own message classes as a codec: one JVM reads and writes what it is given (`Echo.java`).

Invariant: what Kafka tells in JSON is compared by Kafka's names, not by ours.
Neighbours: `test_kafka` asks it about everything; `golden` keeps some of its answers.
"""

import shutil
import subprocess
from pathlib import Path

from logcore.protocol.source import exists
from tests.peers import absent, kafka
from tests.peers.kafka.programs import SHORT_LIVED

ECHO = Path(__file__).with_name("Echo.java")
PACKAGES = {
    "messages": "org.apache.kafka.common.message",
    "internal.classic_group": "org.apache.kafka.coordinator.group.generated",
    "internal.consumer_group": "org.apache.kafka.coordinator.group.generated",
    "internal.share_group": "org.apache.kafka.coordinator.group.generated",
    "internal.streams_group": "org.apache.kafka.coordinator.group.generated",
    "internal.share": "org.apache.kafka.coordinator.share.generated",
    "internal.transaction": "org.apache.kafka.coordinator.transaction.generated",
    "internal.metadata": "org.apache.kafka.common.metadata",
    "internal.consumer_protocol": "org.apache.kafka.common.message",
    "internal.raft": "org.apache.kafka.common.message",
}


def kafka_name(cls):
    """Where Kafka keeps its class for a message of ours."""
    module = cls.__module__.removeprefix("logcore.protocol.")
    name = cls.__name__
    if module.startswith("messages."):
        return f"{PACKAGES['messages']}.{name}Data"
    if name == "QuorumStateData":
        return f"org.apache.kafka.raft.generated.{name}"
    return f"{PACKAGES[module]}.{name}"


def echoed(lines):
    """What Kafka answers to each line."""
    if shutil.which("javac") is None:
        absent("javac is not installed (Java's development kit has it)")
    command = ["java", *SHORT_LIVED, "-cp", kafka.kafka_classpath(), str(ECHO)]
    done = subprocess.run(
        command, input="\n".join(lines), capture_output=True, text=True, check=True, timeout=110
    )
    return done.stdout.splitlines()


def spelled(attribute):
    """An attribute's name as Kafka's JSON has it, but for the case of letters."""
    return attribute.replace("_", "").lower()


def differences(message, told, version, path=""):
    """Yield where Kafka saw another value than we wrote."""
    told = {name.lower(): value for name, value in told.items()}
    for attribute, field in message.FIELDS.items():
        if not exists(field, version) or field.kind in {"bytes", "records", "uuid"}:
            continue
        mine, where = getattr(message, attribute), f"{path}.{attribute}"
        if spelled(attribute) not in told:
            if field.tag is None:
                yield f"{where} is not in {sorted(told)}"
            continue
        theirs = told[spelled(attribute)]
        if field.of is None or mine is None or theirs is None:
            if mine != theirs:
                yield f"{where}: {mine!r} is not {theirs!r}"
        elif field.is_array:
            for each, other in zip(mine, theirs, strict=True):
                yield from differences(each, other, version, where)
        else:
            yield from differences(mine, theirs, version, where)
