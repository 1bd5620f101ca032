"""DescribeProducers: who wrote, and where an open transaction begins."""

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.describe_producers import DescribeProducersRequest, TopicRequest
from tests.broker.handlers.refusing import on_topic, refusing
from tests.broker.handlers.transacting import Producer
from tests.broker.running import Running


def describe(broker: Running, topic: str, partition: int = 0):
    asked = TopicRequest(name=topic, partition_indexes=[partition])
    response = broker.wire().ask(DescribeProducersRequest(topics=[asked]), 0)
    return response.topics[0].partitions[0]


def test_an_open_transaction(broker: Running):
    topic, producer = broker.topic(), Producer(broker)
    assert producer.init() == 0
    producer.write(topic, b"a")
    producer.write(topic, b"b")
    (told,) = describe(broker, topic).active_producers
    assert (told.producer_id, told.producer_epoch) == (producer.producer_id, 0)
    assert (told.last_sequence, told.current_txn_start_offset) == (1, 0)
    assert told.last_timestamp == 1_700_000_000_000
    assert producer.end(is_commit=True) == 0
    (told,) = describe(broker, topic).active_producers
    assert (told.producer_epoch, told.current_txn_start_offset) == (1, -1)
    assert told.coordinator_epoch >= 0


def test_what_is_not_there_and_who_may_not(broker: Running):
    assert describe(broker, "nowhere").error_code == 3
    topic = broker.topic()
    assert describe(broker, topic, 7).error_code == 3
    assert describe(broker, topic).active_producers == []
    with refusing(broker, on_topic(Operation.READ, topic)):
        assert describe(broker, topic).error_code == 29
