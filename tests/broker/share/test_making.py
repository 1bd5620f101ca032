"""What a broker's share partitions are made of, and that they follow the metadata."""

from pathlib import Path

from logcore.protocol.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from logcore.protocol.messages.update_features import FeatureUpdateKey, UpdateFeaturesRequest
from tests.broker.handlers.asking import produce
from tests.broker.handlers.sharing import Sharer, share_group, topic_id_of
from tests.broker.handlers.test_share_fetch import TEN
from tests.broker.running import Running, running_broker


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


def test_share_groups_are_turned_off(tmp_path: Path):
    with running_broker(tmp_path) as broker:
        topic = broker.topic()
        produce(broker.wire(), topic, TEN)
        group = share_group(broker, topic)
        one = Sharer(broker.wire(), group, topic_id_of(broker, topic))
        assert one.acquire() == [(0, 9, 1)]
        shown = broker.broker.parts.metrics.render
        assert "logcore_share_sessions 1" in broker.call(shown)
        assert "logcore_share_records_in_flight 10" in broker.call(shown)
        off = FeatureUpdateKey(feature="share.version", max_version_level=0, upgrade_type=2)
        request = UpdateFeaturesRequest(timeout_ms=10_000, feature_updates=[off])
        assert broker.wire().ask(request, 1).error_code == 0
        assert one.fetch().error_code == 35
        assert "logcore_share_sessions 0" in broker.call(shown)
        assert "logcore_share_partitions 0" in broker.call(shown)
