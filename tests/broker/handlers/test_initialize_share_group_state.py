"""InitializeShareGroupState over the wire."""

from logcore.broker.authorizer import Operation
from logcore.common.errors import ClusterAuthorizationFailedError, FencedStateEpochError
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.handlers.share_states import initialize, new_key, read
from tests.broker.running import Running


def test_a_state_begins(broker: Running):
    wire = broker.wire()
    key = new_key(broker, wire)
    assert initialize(wire, key, epoch=3, offset=7).error_code == 0
    found = read(wire, key)
    assert (found.state_epoch, found.start_offset, found.state_batches) == (3, 7, [])
    late = initialize(wire, key, epoch=2)
    assert late.error_code == FencedStateEpochError.code
    assert late.error_message


def test_only_brokers_may(broker: Running):
    wire = broker.wire()
    key = new_key(broker, wire)
    with refusing(broker, on_cluster(Operation.CLUSTER_ACTION)):
        assert initialize(wire, key).error_code == ClusterAuthorizationFailedError.code
