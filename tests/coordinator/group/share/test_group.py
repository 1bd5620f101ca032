"""A share group by itself."""

import pytest

from logcore.common.errors import GroupIdNotFoundError, NonEmptyGroupError, UnknownMemberIdError
from logcore.coordinator.group.offset_store import CommittedOffset
from logcore.coordinator.group.share.group import ShareGroup
from logcore.coordinator.group.share.member import ShareMember
from tests.coordinator.group.share.sharing import ShareCluster


def group_of(*topics: str) -> ShareGroup:
    group = ShareGroup("g")
    group.put(ShareMember(member_id="m", topics=frozenset(topics)))
    return group


def test_its_state():
    group = group_of("t")
    assert (group.state_name, group.is_empty) == ("Stable", False)
    assert group.protocol_type == "share"
    group.remove("m")
    group.remove("m")
    assert (group.state_name, group.is_empty) == ("Empty", True)
    assert not group.topic_counts


def test_subscriptions_are_counted():
    group = group_of("t", "u")
    group.put(ShareMember(member_id="n", topics=frozenset({"t"})))
    group.put(ShareMember(member_id="m", topics=frozenset({"v"})))
    assert group.topic_counts == {"t": 1, "v": 1}
    assert group.is_subscribed_to("v")
    assert not group.is_subscribed_to("u")


def test_it_has_no_committed_offsets():
    group = group_of("t")
    for refuse in (
        lambda: group.validate_offset_commit("m", None, 1, 9),
        lambda: group.validate_offset_fetch("m", 1),
        group.validate_offset_delete,
    ):
        with pytest.raises(GroupIdNotFoundError, match="is not a consumer group"):
            refuse()
    assert group.offset_expiry_base_ms(CommittedOffset(1, 1, "", 1)) is None
    assert not group.expires


def test_a_group_in_use_is_not_deleted():
    group = group_of("t")
    with pytest.raises(NonEmptyGroupError):
        group.validate_delete()
    group.remove("m")
    group.validate_delete()
    with pytest.raises(UnknownMemberIdError):
        group.member("m")


def test_its_tombstones_remove_it():
    cluster = ShareCluster({"foo": 2})
    cluster.join("m", "foo")
    group = cluster.group()
    for record in group.tombstones():
        cluster.shard.replay(0, record)
    assert not cluster.shard.state.groups
