"""ReadShareGroupStateSummary over the wire, in every version."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.common.errors import ClusterAuthorizationFailedError, UnknownTopicOrPartitionError
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.handlers.share_states import initialize, new_key, summary, write
from tests.broker.running import Running


@pytest.mark.parametrize("version", [0, 1])
def test_every_version(broker: Running, version: int):
    wire = broker.wire()
    key = new_key(broker, wire)
    told = summary(wire, key, version)
    assert (told.error_code, told.start_offset, told.delivery_complete_count) == (0, -1, -1)
    initialize(wire, key, epoch=4)
    write(wire, key, state_epoch=4, start_offset=6, delivery_complete_count=1)
    told = summary(wire, key, version)
    assert (told.state_epoch, told.leader_epoch, told.start_offset) == (4, 0, 6)
    assert told.delivery_complete_count == (1 if version else -1)
    unknown = summary(wire, key._replace(partition=3), version)
    assert unknown.error_code == UnknownTopicOrPartitionError.code


def test_only_brokers_may(broker: Running):
    wire = broker.wire()
    key = new_key(broker, wire)
    with refusing(broker, on_cluster(Operation.CLUSTER_ACTION)):
        assert summary(wire, key).error_code == ClusterAuthorizationFailedError.code
