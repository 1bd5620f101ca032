"""InitProducerId: every answer a new id, or a new epoch; across restarts too."""

import pytest

from logcore.broker.authorizer import Operation, ResourceType
from logcore.protocol.messages.init_producer_id import InitProducerIdRequest
from tests.broker.handlers.refusing import refusing
from tests.broker.handlers.transacting import Producer
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


@pytest.mark.parametrize("version", range(6))
def test_a_transactional_id_keeps_its_producer_under_a_new_epoch(broker: Running, version: int):
    first, second = Producer(broker, f"init-{version}"), Producer(broker, f"init-{version}")
    assert (first.init(version), second.init(version)) == (0, 0)
    assert second.producer_id == first.producer_id
    assert (first.epoch, second.epoch) == (0, 1)


@pytest.mark.parametrize(("version", "code"), [(3, 47), (4, 90), (5, 90)])
def test_a_producer_that_was_replaced_may_not_raise_its_epoch(
    broker: Running, version: int, code: int
):
    first = Producer(broker)
    assert (first.init(), first.init(keeps=True)) == (0, 0)
    assert first.epoch == 1
    assert Producer(broker, first.name).init() == 0
    assert first.init(version, keeps=True) == code


def test_what_a_transactional_id_may_not_be_or_ask(broker: Running):
    producer = Producer(broker)
    assert producer.init(timeout_ms=900_001) == 50
    assert producer.init(timeout_ms=0) == 50
    with refusing(broker, (Operation.WRITE, ResourceType.TRANSACTIONAL_ID, producer.name)):
        assert producer.init() == 53
    producer.name = ""
    assert producer.init() == 42


def test_an_epoch_outlives_a_restart(tmp_path):
    for epoch in range(3):
        with running_broker(tmp_path) as running:
            producer = Producer(running, "tx")
            assert producer.init() == 0
            assert producer.epoch == epoch
