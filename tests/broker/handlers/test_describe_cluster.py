"""DescribeCluster: the broker under the address that the client used."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.describe_cluster import DescribeClusterRequest
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running

NO_OPERATIONS = -(2**31)
MISMATCHED, UNSUPPORTED = 114, 115


def ask(running: Running, version: int = 2, **fields):
    return running.wire().ask(DescribeClusterRequest(**fields), version)


@pytest.mark.parametrize("version", range(3))
def test_in_every_version(broker: Running, version: int):
    response = ask(broker, version)
    assert (response.error_code, response.error_message) == (0, None)
    assert response.cluster_id == broker.broker.parts.cluster_id
    assert response.controller_id == 1
    [node] = response.brokers
    assert (node.broker_id, node.host, node.port) == (1, "127.0.0.1", broker.port)
    assert (node.rack, node.is_fenced) == (None, False)
    assert response.cluster_authorized_operations == NO_OPERATIONS


def test_operations_are_told_on_request(broker: Running):
    asked = {"include_cluster_authorized_operations": True}
    assert ask(broker, **asked).cluster_authorized_operations == 0b1_1111_1010_0000
    with refusing(broker, on_cluster(Operation.DESCRIBE)):
        assert ask(broker, **asked).cluster_authorized_operations == 0


@pytest.mark.parametrize(("kind", "code"), [(2, MISMATCHED), (0, UNSUPPORTED), (7, UNSUPPORTED)])
@pytest.mark.parametrize("version", [1, 2])
def test_this_is_a_broker(broker: Running, kind: int, code: int, version: int):
    response = ask(broker, version, endpoint_type=kind)
    assert (response.error_code, response.brokers) == (code, [])
    assert response.error_message


def test_fenced_brokers_can_be_asked_for(broker: Running):
    assert len(ask(broker, include_fenced_brokers=True).brokers) == 1
