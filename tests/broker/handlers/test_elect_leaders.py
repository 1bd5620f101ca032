"""Elections over the wire; the rules are tested in tests/controller."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.elect_leaders import ElectLeadersRequest, TopicPartitions
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running

UNKNOWN, FORBIDDEN, INVALID_REQUEST, NOT_NEEDED = 3, 31, 42, 84


def ask(running: Running, topics, version: int = 2, kind: int = 0):
    fields = {"election_type": kind} if version else {}
    asked = None
    if topics is not None:
        asked = [TopicPartitions(topic=name, partitions=list(each)) for name, each in topics]
    return running.wire().ask(ElectLeadersRequest(topic_partitions=asked, **fields), version)


@pytest.mark.parametrize("version", range(3))
@pytest.mark.parametrize("kind", [0, 1])
def test_every_partition_has_the_leader_it_can_have(broker: Running, version: int, kind: int):
    name = broker.topic()
    response = ask(broker, [(name, [0, 5]), ("nope", [0])], version, kind)
    assert response.error_code == 0
    codes = {
        (each.topic, result.partition_id): result.error_code
        for each in response.replica_election_results
        for result in each.partition_result
    }
    assert codes == {(name, 0): NOT_NEEDED, (name, 5): UNKNOWN, ("nope", 0): UNKNOWN}


@pytest.mark.parametrize("version", range(3))
def test_of_all_partitions_none_needs_an_election(broker: Running, version: int):
    response = ask(broker, None, version)
    assert response.error_code == 0
    assert all(not each.partition_result for each in response.replica_election_results)


def test_an_election_of_no_known_kind(broker: Running):
    assert ask(broker, [(broker.topic(), [0])], kind=5).error_code == INVALID_REQUEST


def test_who_may_not_alter_the_cluster(broker: Running):
    with refusing(broker, on_cluster(Operation.ALTER)):
        assert ask(broker, None).error_code == FORBIDDEN
