"""ReadShareGroupState over the wire."""

from logcore.broker.authorizer import Operation
from logcore.common.errors import (
    ClusterAuthorizationFailedError,
    FencedLeaderEpochError,
    InvalidRequestError,
)
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.handlers.share_states import initialize, new_key, read
from tests.broker.running import Running


def test_a_newer_leader_fences_the_older(broker: Running):
    wire = broker.wire()
    key = new_key(broker, wire)
    assert read(wire, key).error_code == InvalidRequestError.code
    initialize(wire, key)
    assert read(wire, key, leader_epoch=5).error_code == 0
    assert read(wire, key, leader_epoch=4).error_code == FencedLeaderEpochError.code


def test_only_brokers_may(broker: Running):
    wire = broker.wire()
    key = new_key(broker, wire)
    with refusing(broker, on_cluster(Operation.CLUSTER_ACTION)):
        assert read(wire, key).error_code == ClusterAuthorizationFailedError.code
