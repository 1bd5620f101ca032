"""ShareGroupHeartbeat over the wire."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    InvalidRequestError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from logcore.protocol.messages.update_features import FeatureUpdateKey, UpdateFeaturesRequest
from tests.broker.handlers.grouping import new_group, on_group
from tests.broker.handlers.refusing import on_topic, refusing
from tests.broker.handlers.share_grouping import (
    alter_request,
    assigned,
    beat,
    leave,
    offsets_request,
)
from tests.broker.running import Running

GROUP_RESOURCE = 32
DOWNGRADE, UPGRADE = 2, 1


def test_from_joining_to_leaving(broker: Running):
    wire = broker.wire()
    topic, group = broker.topic(partitions=2), new_group(wire)
    joined = beat(wire, group, [topic])
    assert (joined.error_code, joined.member_id) == (0, "m")
    (partitions,) = assigned(joined).values()
    assert partitions == [0, 1]
    again = beat(wire, group, None, joined.member_epoch)
    assert (again.error_code, again.member_epoch) == (0, joined.member_epoch)
    assert again.assignment is None
    assert leave(wire, group).member_epoch == -1


def test_the_topic_of_states_comes_to_be(broker: Running):
    wire = broker.wire()
    beat(wire, new_group(wire), [broker.topic()])
    configs = broker.broker.parts.configs.topic("__share_group_state")
    assert configs["cleanup.policy"] == "delete"
    assert configs["retention.ms"] == "-1"
    assert configs["compression.type"] == "producer"
    assert (
        len(broker.broker.parts.controller.image.topics_by_name["__share_group_state"].partitions)
        == 50
    )


@pytest.mark.parametrize("member_id", ["", "x" * 37])
def test_a_members_id_is_short_but_there(broker: Running, member_id: str):
    answer = beat(broker.wire(), "g", ["t"], member_id=member_id)
    assert answer.error_code == InvalidRequestError.code


def test_settings_of_the_group(broker: Running):
    wire = broker.wire()
    group = new_group(wire)
    config = AlterableConfig(name="share.heartbeat.interval.ms", value="6000")
    resource = AlterConfigsResource(
        resource_type=GROUP_RESOURCE, resource_name=group, configs=[config]
    )
    wire.ask(IncrementalAlterConfigsRequest(resources=[resource]), 1)
    assert beat(wire, group, [broker.topic()]).heartbeat_interval_ms == 6_000


def test_who_may_not(broker: Running):
    wire = broker.wire()
    topic, group = broker.topic(), new_group(wire)
    with refusing(broker, on_group(Operation.READ, group)):
        assert beat(wire, group, [topic]).error_code == GroupAuthorizationFailedError.code
    with refusing(broker, on_topic(Operation.DESCRIBE, topic)):
        assert beat(wire, group, [topic]).error_code == TopicAuthorizationFailedError.code


def test_where_share_groups_are_switched_off(broker: Running):
    wire = broker.wire()
    topic, group = broker.topic(), new_group(wire)
    try:
        switch(wire, 0, DOWNGRADE)
        assert beat(wire, group, [topic]).error_code == UnsupportedVersionError.code
        (told,) = wire.ask(offsets_request(group), 1).groups
        assert told.error_code == UnsupportedVersionError.code
        altered = wire.ask(alter_request(group, {topic: {0: 0}}), 0)
        assert altered.error_code == UnsupportedVersionError.code
    finally:
        switch(wire, 1, UPGRADE)
    assert beat(wire, group, [topic]).error_code == 0


def switch(wire, level: int, kind: int) -> None:
    update = FeatureUpdateKey(feature="share.version", max_version_level=level, upgrade_type=kind)
    assert wire.ask(UpdateFeaturesRequest(feature_updates=[update]), 2).error_code == 0
