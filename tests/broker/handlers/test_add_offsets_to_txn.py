"""AddOffsetsToTxn: the group's partition takes part."""

import pytest

from logcore.broker.authorizer import Operation, ResourceType
from tests.broker.handlers.refusing import refusing
from tests.broker.handlers.transacting import Producer
from tests.broker.running import Running


@pytest.mark.parametrize("version", range(5))
def test_in_every_version(broker: Running, version: int):
    producer = Producer(broker, adds=False)
    assert producer.init() == 0
    assert producer.add_group("g", version) == 0
    parts = broker.broker.parts
    told = broker.call(parts.transactions.describe, producer.name)
    assert [(each.topic, each.partitions) for each in told.topics] == [
        ("__consumer_offsets", [parts.groups.partition_for("g")])
    ]


@pytest.mark.parametrize(("version", "code"), [(0, 47), (1, 47), (2, 90), (4, 90)])
def test_a_zombie(broker: Running, version: int, code: int):
    producer = Producer(broker, adds=False)
    assert producer.init() == 0
    assert Producer(broker, producer.name).init() == 0
    assert producer.add_group("g", version) == code


def test_refused(broker: Running):
    producer = Producer(broker, adds=False)
    with refusing(broker, (Operation.WRITE, ResourceType.TRANSACTIONAL_ID, producer.name)):
        assert producer.add_group("g") == 53
    with refusing(broker, (Operation.READ, ResourceType.GROUP, "g")):
        assert producer.add_group("g") == 30
