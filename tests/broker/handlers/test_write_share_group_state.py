"""WriteShareGroupState over the wire, in every version."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.common.errors import ClusterAuthorizationFailedError, FencedStateEpochError
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.handlers.share_states import initialize, new_key, read, summary, write
from tests.broker.running import Running


@pytest.mark.parametrize("version", [0, 1])
def test_every_version(broker: Running, version: int):
    wire = broker.wire()
    key = new_key(broker, wire)
    initialize(wire, key)
    given = {"start_offset": 3}
    if version:
        given["delivery_complete_count"] = 2
    assert write(wire, key, (0, 9, 0, 1), (5, 6, 2, 1), version=version, **given).error_code == 0
    found = read(wire, key)
    assert found.start_offset == 3
    assert [
        (each.first_offset, each.last_offset, each.delivery_state, each.delivery_count)
        for each in found.state_batches
    ] == [(3, 4, 0, 1), (5, 6, 2, 1), (7, 9, 0, 1)]
    assert summary(wire, key).delivery_complete_count == (2 if version else -1)
    assert write(wire, key, state_epoch=0).error_code == FencedStateEpochError.code


def test_only_brokers_may(broker: Running):
    wire = broker.wire()
    key = new_key(broker, wire)
    with refusing(broker, on_cluster(Operation.CLUSTER_ACTION)):
        assert write(wire, key).error_code == ClusterAuthorizationFailedError.code
