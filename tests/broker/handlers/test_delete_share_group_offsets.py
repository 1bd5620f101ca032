"""DeleteShareGroupOffsets over the wire."""

from typing import Any

from logcore.broker.authorizer import Operation
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    NonEmptyGroupError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from logcore.protocol.messages.delete_groups import DeleteGroupsRequest
from logcore.protocol.messages.delete_share_group_offsets import (
    DeleteShareGroupOffsetsRequest,
    DeleteShareGroupOffsetsRequestTopic,
)
from logcore.protocol.messages.update_features import FeatureUpdateKey, UpdateFeaturesRequest
from tests.broker.handlers.grouping import new_group, on_group
from tests.broker.handlers.refusing import on_topic, refusing
from tests.broker.handlers.share_grouping import alter, beat, leave, offsets
from tests.broker.running import Running
from tests.broker.wire import Wire


def delete(wire: Wire, group: str, *topics: str) -> Any:
    request = DeleteShareGroupOffsetsRequest(
        group_id=group,
        topics=[DeleteShareGroupOffsetsRequestTopic(topic_name=name) for name in topics],
    )
    return wire.ask(request, 0)


def codes(response: Any) -> dict[str, int]:
    assert response.error_code == 0, response
    return {topic.topic_name: topic.error_code for topic in response.responses}


def test_offsets_of_topics_go(broker: Running):
    wire = broker.wire()
    topic, other, group = broker.topic(), broker.topic(), new_group(wire)
    beat(wire, group, [topic, other])
    assert delete(wire, group, topic).error_code == NonEmptyGroupError.code
    leave(wire, group)
    assert codes(delete(wire, group, topic, "nope")) == {
        topic: 0, "nope": UnknownTopicOrPartitionError.code,
    }  # fmt: skip
    assert list(offsets(wire, group)) == [(other, 0)]


def test_a_group_goes_with_its_states(broker: Running):
    wire = broker.wire()
    topic, group = broker.topic(), new_group(wire)
    alter(wire, group, {topic: {0: 0}})
    (deleted,) = wire.ask(DeleteGroupsRequest(groups_names=[group]), 2).results
    assert deleted.error_code == 0
    assert offsets(wire, group, {topic: [0]}) == {(topic, 0): (-1, -1, 0)}


def test_who_may_not(broker: Running):
    wire = broker.wire()
    topic, other, group = broker.topic(), broker.topic(), new_group(wire)
    alter(wire, group, {topic: {0: 0}, other: {0: 0}})
    with refusing(broker, on_group(Operation.DELETE, group)):
        assert delete(wire, group, topic).error_code == GroupAuthorizationFailedError.code
    with refusing(broker, on_topic(Operation.READ, topic)):
        assert codes(delete(wire, group, topic, other)) == {
            topic: TopicAuthorizationFailedError.code, other: 0,
        }  # fmt: skip


def test_where_share_groups_are_switched_off(broker: Running):
    wire = broker.wire()
    for level, kind, code in ((0, 2, 35), (1, 1, 69)):
        update = FeatureUpdateKey(
            feature="share.version", max_version_level=level, upgrade_type=kind
        )
        assert wire.ask(UpdateFeaturesRequest(feature_updates=[update]), 2).error_code == 0
        assert delete(wire, "nobody", "t").error_code == code
