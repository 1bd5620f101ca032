"""What a broker's share partitions are made of, and that they follow the metadata."""

from logcore.protocol.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from tests.broker.handlers.asking import produce
from tests.broker.handlers.sharing import Sharer, share_group, topic_id_of
from tests.broker.handlers.test_share_fetch import TEN
from tests.broker.running import Running


def test_share_partitions_go_with_their_topic(broker: Running):
    topic = broker.topic()
    produce(broker.wire(), topic, TEN)
    group = share_group(broker, topic)
    one = Sharer(broker.wire(), group, topic_id_of(broker, topic))
    assert one.acquire() == [(0, 9, 1)]
    shares = broker.broker.parts.shares
    assert broker.call(len, shares) == 1
    deleted = broker.wire().ask(
        DeleteTopicsRequest(topics=[DeleteTopicState(name=topic)], timeout_ms=10_000), 6
    )
    assert deleted.responses[0].error_code == 0
    assert broker.call(len, shares) == 0
    assert one.fetch().responses[0].partitions[0].error_code == 100
