"""AddPartitionsToTxn: all or none for clients, several and asking only for brokers."""

import pytest

from logcore.broker.authorizer import Operation, ResourceType
from logcore.protocol.messages.add_partitions_to_txn import AddPartitionsToTxnRequest
from tests.broker.handlers.refusing import on_cluster, on_topic, refusing
from tests.broker.handlers.transacting import Producer
from tests.broker.running import Running


def producer_of(broker: Running) -> Producer:
    made = Producer(broker, adds=False)
    assert made.init() == 0
    return made


@pytest.mark.parametrize("version", range(4))
def test_in_versions_of_clients(broker: Running, version: int):
    topic, producer = broker.topic(2), producer_of(broker)
    assert producer.add(topic, 0, 1, version=version) == {0: 0, 1: 0}
    assert producer.add(topic, 1, version=version) == {1: 0}


def test_one_that_is_not_there_keeps_the_others_out(broker: Running):
    topic, producer = broker.topic(), producer_of(broker)
    assert producer.add(topic, 0, 1) == {0: 55, 1: 3}
    with refusing(broker, on_topic(Operation.WRITE, topic)):
        assert producer.add(topic, 0) == {0: 29}
    with refusing(broker, (Operation.WRITE, ResourceType.TRANSACTIONAL_ID, producer.name)):
        assert producer.add(topic, 0) == {0: 53}
    assert producer.write(topic, b"x").error_code == 120, "nothing was added"


@pytest.mark.parametrize(("version", "code"), [(0, 47), (1, 47), (2, 90), (3, 90)])
def test_a_zombie(broker: Running, version: int, code: int):
    topic, producer = broker.topic(), producer_of(broker)
    assert Producer(broker, producer.name).init() == 0
    assert producer.add(topic, 0, version=version) == {0: code}


@pytest.mark.parametrize("version", [4, 5])
def test_several_and_asking_only(broker: Running, version: int):
    topic = broker.topic(2)
    one, two = producer_of(broker), producer_of(broker)
    request = AddPartitionsToTxnRequest(
        transactions=[one.transaction(topic, 0), two.transaction(topic, 1, verify_only=True)]
    )
    added, asked = broker.wire().ask(request, version).results_by_transaction
    assert added.transactional_id == one.name
    assert added.topic_results[0].results_by_partition[0].partition_error_code == 0
    assert asked.topic_results[0].results_by_partition[0].partition_error_code == 120
    request.transactions = [one.transaction(topic, 0, verify_only=True)]
    (asked,) = broker.wire().ask(request, version).results_by_transaction
    assert asked.topic_results[0].results_by_partition[0].partition_error_code == 0


def test_only_who_acts_for_the_cluster_asks_for_several(broker: Running):
    producer = producer_of(broker)
    request = AddPartitionsToTxnRequest(transactions=[producer.transaction("t", 0)])
    with refusing(broker, on_cluster(Operation.CLUSTER_ACTION)):
        assert broker.wire().ask(request, 4).error_code == 31
