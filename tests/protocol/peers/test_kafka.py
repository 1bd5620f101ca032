"""Every message in every version, internal records included, against Apache Kafka's own classes."""

import json

import pytest

from logcore.common.errors import UnsupportedVersionError
from logcore.protocol.errors import UnencodableMessageError
from logcore.protocol.header import RequestHeader, request_header, response_header
from tests.protocol.catalogue import Values, every_version
from tests.protocol.peers.echo import differences, echoed, kafka_name

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

SAMPLES = 3


def samples():
    """Messages of every class and version: (message, version, bytes)."""
    for cls, version in every_version():
        values = Values((cls.__name__, version, "kafka"))
        for _ in range(SAMPLES):
            message = values.message(cls, version)
            yield message, version, message.encode_bytes(version)


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


def test_headers_are_kafkas():
    package = "org.apache.kafka.common.message"
    sent = [
        (f"{package}.RequestHeaderData", 1, request_header(RequestHeader(3, 8, 7, "me"))),
        (f"{package}.RequestHeaderData", 2, request_header(RequestHeader(3, 9, 7, "me"))),
        (f"{package}.RequestHeaderData", 2, request_header(RequestHeader(18, 3, 7, None))),
        (f"{package}.ResponseHeaderData", 0, response_header(3, 8, 7)),
        (f"{package}.ResponseHeaderData", 1, response_header(3, 9, 7)),
        (f"{package}.ResponseHeaderData", 0, response_header(18, 3, 7)),
    ]
    lines = [f"{name} {version} {written.hex()} {version}" for name, version, written in sent]
    answers = [answer.partition(" ")[0] for answer in echoed(lines)]
    assert answers == [written.hex() for _, _, written in sent]
