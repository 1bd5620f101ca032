"""Bytes that Apache Kafka wrote, and the values it told of them, read and written by us."""

import importlib
import json
from pathlib import Path

import pytest

from tests.protocol.catalogue import message_classes
from tests.protocol.peers.echo import differences

FILE = Path(__file__).parents[1] / "golden" / "messages.jsonl"
LINES = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line[1]}-{line[2]}")
def test_golden_bytes_are_read_and_written(line):
    module, name, version, written, told = line
    cls = getattr(importlib.import_module(module), name)
    message = cls.decode(bytes.fromhex(written), version)
    assert list(differences(message, told, version)) == []
    assert message.encode_bytes(version).hex() == written


def test_every_message_has_golden_bytes():
    assert {line[1] for line in LINES} == {cls.__name__ for cls in message_classes()}
