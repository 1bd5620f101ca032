"""DescribeTransactions: what is known of an id."""

from logcore.broker.authorizer import Operation, ResourceType
from logcore.protocol.messages.describe_transactions import DescribeTransactionsRequest
from tests.broker.handlers.refusing import on_topic, refusing
from tests.broker.handlers.transacting import Producer
from tests.broker.running import Running


def describe(broker: Running, *names: str):
    request = DescribeTransactionsRequest(transactional_ids=list(names))
    return broker.wire().ask(request, 0).transaction_states


def test_an_open_one(broker: Running):
    topic, producer = broker.topic(2), Producer(broker)
    assert producer.init(timeout_ms=1_234) == 0
    producer.write(topic, b"a", 1)
    (told,) = describe(broker, producer.name)
    assert (told.error_code, told.transaction_state) == (0, "Ongoing")
    assert (told.producer_id, told.producer_epoch) == (producer.producer_id, 0)
    assert told.transaction_timeout_ms == 1_234
    assert told.transaction_start_time_ms > 0
    assert [(each.topic, each.partitions) for each in told.topics] == [(topic, [1])]
    with refusing(broker, on_topic(Operation.DESCRIBE, topic)):
        assert describe(broker, producer.name)[0].topics == []
    producer.end(is_commit=False)
    assert describe(broker, producer.name)[0].transaction_state == "CompleteAbort"


def test_what_is_not_known_and_who_may_not(broker: Running):
    name = Producer(broker).name
    assert [each.error_code for each in describe(broker, name, "")] == [105, 42]
    with refusing(broker, (Operation.DESCRIBE, ResourceType.TRANSACTIONAL_ID, name)):
        (told,) = describe(broker, name)
    assert (told.error_code, told.transactional_id) == (53, name)
