"""CreatePartitions over the wire; the rules are tested case by case in tests/controller."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.create_partitions import (
    CreatePartitionsRequest,
    CreatePartitionsTopic,
)
from tests.broker.handlers.refusing import on_topic, refusing
from tests.broker.running import Running

FORBIDDEN, INVALID_PARTITIONS = 29, 37


def ask(running: Running, *topics: tuple[str, int], version: int = 3, **rest):
    asked = [
        CreatePartitionsTopic(name=name, count=count, assignments=None) for name, count in topics
    ]
    request = CreatePartitionsRequest(topics=asked, timeout_ms=5000, **rest)
    return running.wire().ask(request, version).results


def count_of(running: Running, name: str) -> int:
    return len(running.broker.parts.controller.image.topics_by_name[name].partitions)


@pytest.mark.parametrize("version", range(4))
def test_in_every_version(broker: Running, version: int):
    name = broker.topic()
    [result] = ask(broker, (name, 3), version=version)
    assert (result.name, result.error_code, result.error_message) == (name, 0, None)
    assert count_of(broker, name) == 3
    [refused] = ask(broker, (name, 2), version=version)
    assert refused.error_code == INVALID_PARTITIONS


def test_a_check_adds_nothing(broker: Running):
    name = broker.topic()
    [result] = ask(broker, (name, 3), validate_only=True)
    assert result.error_code == 0
    assert count_of(broker, name) == 1


def test_what_may_not_be_altered(broker: Running):
    kept, grown = broker.topic(), broker.topic()
    with refusing(broker, on_topic(Operation.ALTER, kept)):
        results = {each.name: each.error_code for each in ask(broker, (kept, 2), (grown, 2))}
    assert results == {kept: FORBIDDEN, grown: 0}
    assert (count_of(broker, kept), count_of(broker, grown)) == (1, 2)
