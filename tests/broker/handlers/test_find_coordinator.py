"""FindCoordinator: the broker itself, once the topic of groups is there."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from logcore.protocol.messages.metadata import MetadataRequest, MetadataRequestTopic
from tests.broker.handlers.grouping import on_group
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running

NOT_AVAILABLE = 15
INVALID_REQUEST = 42


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_one_group_in_old_versions(broker: Running, version: int):
    answer = broker.wire().ask(FindCoordinatorRequest(key="g"), version)
    assert answer.error_code == 0
    assert (answer.node_id, answer.host, answer.port) == (1, "127.0.0.1", broker.port)
    assert answer.error_message == ("NONE" if version else "")


@pytest.mark.parametrize("version", [4, 5, 6])
def test_several_groups_in_new_versions(broker: Running, version: int):
    request = FindCoordinatorRequest(coordinator_keys=["a", "b", ""])
    answer = broker.wire().ask(request, version)
    assert [each.key for each in answer.coordinators] == ["a", "b", ""]
    for each in answer.coordinators:
        assert (each.error_code, each.node_id, each.port) == (0, 1, broker.port)


def test_the_topic_of_groups_comes_to_be(broker: Running):
    wire = broker.wire()
    wire.ask(FindCoordinatorRequest(key="g"), 1)
    asked = MetadataRequest(topics=[MetadataRequestTopic(name="__consumer_offsets")])
    (topic,) = wire.ask(asked, 12).topics
    assert topic.is_internal
    assert len(topic.partitions) == 50
    configs = broker.broker.parts.configs.topic("__consumer_offsets")
    assert configs["cleanup.policy"] == "compact"
    assert configs["compression.type"] == "producer"
    assert configs["segment.bytes"] == "104857600"


@pytest.mark.parametrize("version", range(1, 7))
def test_of_transactions(broker: Running, version: int):
    wire = broker.wire()
    if version < 4:
        answer = wire.ask(FindCoordinatorRequest(key_type=1, key="tx"), version)
    else:
        request = FindCoordinatorRequest(key_type=1, coordinator_keys=["tx"])
        (answer,) = wire.ask(request, version).coordinators
    assert (answer.error_code, answer.node_id, answer.port) == (0, 1, broker.port)
    configs = broker.broker.parts.configs.topic("__transaction_state")
    assert configs["cleanup.policy"] == "compact"
    assert configs["compression.type"] == "uncompressed"
    assert configs["unclean.leader.election.enable"] == "false"


@pytest.mark.parametrize(
    ("kind", "version", "expected"),
    [
        (2, 6, INVALID_REQUEST),
        (2, 5, INVALID_REQUEST),
        (9, 6, INVALID_REQUEST),
    ],
)
def test_what_is_not_coordinated_here(broker: Running, kind: int, version: int, expected: int):
    request = FindCoordinatorRequest(key_type=kind, coordinator_keys=["k"])
    (answer,) = broker.wire().ask(request, version).coordinators
    assert (answer.error_code, answer.node_id) == (expected, -1)
    assert answer.error_message


def test_refused(broker: Running):
    with refusing(broker, on_group(Operation.DESCRIBE, "g")):
        (answer,) = (
            broker.wire().ask(FindCoordinatorRequest(coordinator_keys=["g"]), 6).coordinators
        )
    assert answer.error_code == 30


@pytest.mark.parametrize("key", ["", "g", "g:t:0", "g:AAAAAAAAAAAAAAAAAAAAAQ:x"])
def test_what_is_no_key_of_a_share_state(broker: Running, key: str):
    request = FindCoordinatorRequest(key_type=2, coordinator_keys=[key])
    (answer,) = broker.wire().ask(request, 6).coordinators
    assert (answer.error_code, answer.node_id) == (INVALID_REQUEST, -1)


def test_of_share_states(broker: Running):
    request = FindCoordinatorRequest(
        key_type=2, coordinator_keys=["g:AAAAAAAAAAAAAAAAAAAAAQ:3", "a:b:AAAAAAAAAAAAAAAAAAAAAg:0"]
    )
    for answer in broker.wire().ask(request, 6).coordinators:
        assert (answer.error_code, answer.node_id, answer.port) == (0, 1, broker.port)
    with refusing(broker, on_cluster(Operation.CLUSTER_ACTION)):
        for answer in broker.wire().ask(request, 6).coordinators:
            assert answer.error_code == 31
