"""DeleteShareGroupState over the wire."""

from logcore.broker.authorizer import Operation
from logcore.common.errors import ClusterAuthorizationFailedError, InvalidRequestError
from logcore.protocol.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.handlers.share_states import delete, initialize, new_key, read
from tests.broker.running import Running


def test_a_state_goes(broker: Running):
    wire = broker.wire()
    key = new_key(broker, wire)
    initialize(wire, key)
    assert delete(wire, key).error_code == 0
    assert delete(wire, key).error_code == 0
    assert read(wire, key).error_code == InvalidRequestError.code


def test_a_state_goes_with_its_topic(broker: Running):
    wire = broker.wire()
    key = new_key(broker, wire)
    initialize(wire, key)
    topics = [DeleteTopicState(name=None, topic_id=key.topic_id)]
    assert wire.ask(DeleteTopicsRequest(topics=topics, timeout_ms=9_000), 6).responses
    states = broker.broker.parts.share_states
    known = broker.call(
        lambda: [key for _, shard in states.runtime.machines() for key in shard.states]
    )
    assert key not in known


def test_only_brokers_may(broker: Running):
    wire = broker.wire()
    key = new_key(broker, wire)
    with refusing(broker, on_cluster(Operation.CLUSTER_ACTION)):
        assert delete(wire, key).error_code == ClusterAuthorizationFailedError.code
