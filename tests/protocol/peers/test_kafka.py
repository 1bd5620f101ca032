"""Every message in every version, internal records included, against Apache Kafka's own classes.

One JVM reads and writes them all (`Echo.java`); its JSON tells whether it saw the same values.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from logcore.common.errors import UnsupportedVersionError
from logcore.protocol.errors import UnencodableMessageError
from logcore.protocol.source import exists
from tests.peers import absent, kafka
from tests.peers.kafka.programs import SHORT_LIVED
from tests.protocol.catalogue import Values, every_version

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

ECHO = Path(__file__).with_name("Echo.java")
SAMPLES = 3
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


def samples():
    """Messages of every class and version: (message, version, bytes)."""
    for cls, version in every_version():
        values = Values((cls.__name__, version, "kafka"))
        for _ in range(SAMPLES):
            message = values.message(cls, version)
            yield message, version, message.encode_bytes(version)


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


def complaints(sent, answers):
    """Yield how Kafka's answers differ from what was sent: (message, version, bytes)."""
    for (message, version, written), answer in zip(sent, answers, strict=True):
        title = f"{type(message).__name__} version {version}"
        again, _, told = answer.partition(" ")
        if again != written.hex():
            yield f"{title}: {answer[:200]} for {written.hex()}"
        else:
            for each in differences(message, json.loads(told), version):
                yield title + each


def test_kafka_reads_and_writes_the_same():
    sent = list(samples())
    lines = [f"{kafka_name(type(m))} {version} {b.hex()} {version}" for m, version, b in sent]
    wrong = list(complaints(sent, echoed(lines)))
    assert not wrong, "\n".join(each[:400] for each in wrong[:20])


def written_or_refused(message, version):
    """The hex of a message in a version, or None where it cannot be written."""
    try:
        return message.encode_bytes(version).hex()
    except (UnencodableMessageError, UnsupportedVersionError):
        return None


def unlike(ours, answers):
    """Yield where Kafka wrote other bytes, or refused what we wrote, or wrote what we refused."""
    for (name, version, written), answer in zip(ours, answers, strict=True):
        theirs = None if answer.startswith("!") else answer.partition(" ")[0]
        if theirs != written:
            yield f"{name} version {version}: {answer} for {written}"


def test_kafka_has_the_same_defaults():
    ours, lines = [], []
    for cls, version in every_version():
        ours.append((cls.__name__, version, written_or_refused(cls(), version)))
        lines.append(f"{kafka_name(cls)} - - {version}")
    wrong = list(unlike(ours, echoed(lines)))
    assert not wrong, "\n".join(each[:400] for each in wrong[:20])


def test_kafka_drops_and_refuses_the_same_fields_in_old_versions():
    ours, lines = [], []
    for cls, version in every_version():
        last = cls.VERSIONS[1]
        values = Values((cls.__name__, version, "old"))
        for _ in range(SAMPLES if version < last else 0):
            message = values.message(cls, last)
            ours.append((cls.__name__, version, written_or_refused(message, version)))
            newest = message.encode_bytes(last).hex()
            lines.append(f"{kafka_name(cls)} {last} {newest} {version}")
    wrong = list(unlike(ours, echoed(lines)))
    assert not wrong, "\n".join(each[:400] for each in wrong[:20])
