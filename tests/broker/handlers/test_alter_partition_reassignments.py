"""Moving partitions over the wire; the rules are tested in tests/controller."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.alter_partition_reassignments import (
    AlterPartitionReassignmentsRequest,
    ReassignablePartition,
    ReassignableTopic,
)
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running

FORBIDDEN, INVALID_ASSIGNMENT, NOTHING_TO_CANCEL = 31, 39, 85


def ask(running: Running, name: str, replicas, version: int = 1):
    partition = ReassignablePartition(partition_index=0, replicas=replicas)
    topic = ReassignableTopic(name=name, partitions=[partition])
    return running.wire().ask(AlterPartitionReassignmentsRequest(topics=[topic]), version)


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize(
    ("replicas", "code"), [([1], 0), ([2], INVALID_ASSIGNMENT), (None, NOTHING_TO_CANCEL)]
)
def test_in_every_version(broker: Running, version: int, replicas, code: int):
    name = broker.topic()
    response = ask(broker, name, replicas, version)
    assert (response.error_code, response.responses[0].name) == (0, name)
    assert response.responses[0].partitions[0].error_code == code


def test_who_may_not_alter_the_cluster(broker: Running):
    with refusing(broker, on_cluster(Operation.ALTER)):
        assert ask(broker, "t", [1]).error_code == FORBIDDEN
