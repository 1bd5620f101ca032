"""InitProducerId: every answer a new id, across restarts too."""

import pytest

from logcore.protocol.messages.init_producer_id import InitProducerIdRequest
from tests.broker.running import Running, running_broker


@pytest.mark.parametrize("version", range(6))
def test_each_producer_gets_an_id_of_its_own(broker: Running, version: int):
    wire = broker.wire()
    request = InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=1)
    answers = [wire.ask(request, version) for _ in range(3)]
    assert [answer.error_code for answer in answers] == [0, 0, 0]
    assert len({answer.producer_id for answer in answers}) == 3
    assert {answer.producer_epoch for answer in answers} == {0}


def test_half_an_identity_is_none(broker: Running):
    half = InitProducerIdRequest(transactional_id=None, producer_id=4, producer_epoch=-1)
    assert broker.wire().ask(half, 4).error_code == 42


def test_no_id_comes_twice_after_a_restart(tmp_path):
    request = InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=1)
    seen = []
    for _ in range(2):
        with running_broker(tmp_path) as running:
            seen += [running.wire().ask(request, 4).producer_id for _ in range(2)]
    assert len(set(seen)) == 4
