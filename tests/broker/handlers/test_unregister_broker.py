"""Nobody is forgotten: there is one broker, and it answers."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.unregister_broker import UnregisterBrokerRequest
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running

FORBIDDEN, INVALID_REQUEST, NOT_REGISTERED = 31, 42, 102


@pytest.mark.parametrize(("node_id", "code"), [(1, INVALID_REQUEST), (99, NOT_REGISTERED)])
def test_each_refusal_has_its_code_and_reason(broker: Running, node_id: int, code: int):
    answer = broker.wire().ask(UnregisterBrokerRequest(broker_id=node_id), 0)
    assert answer.error_code == code
    assert str(node_id) in answer.error_message


def test_who_may_not_alter_the_cluster_learns_nothing(broker: Running):
    with refusing(broker, on_cluster(Operation.ALTER)):
        answer = broker.wire().ask(UnregisterBrokerRequest(broker_id=99), 0)
    assert answer.error_code == FORBIDDEN
