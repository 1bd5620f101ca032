"""What a consumer group tells of itself, and whose offsets it takes."""

from dataclasses import replace

import pytest

from logcore.common.errors import (
    IllegalGenerationError,
    NonEmptyGroupError,
    StaleMemberEpochError,
    UnknownMemberIdError,
    UnsupportedVersionError,
)
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.consumer_member import ClassicMetadata, ConsumerMember
from logcore.coordinator.group.modern_member import MemberState
from logcore.coordinator.group.offset_store import CommittedOffset
from logcore.coordinator.group.subscription import ResolvedRegex
from logcore.protocol.messages.list_groups import ListGroupsRequest
from tests.coordinator.group.actors import GROUP
from tests.coordinator.group.consumers import Client, ConsumerCluster, settle

T1 = b"1" * 16
CLASSIC = ClassicMetadata(1000, (("range", b"\0\0"),))


def group_of(*members, epoch=5, target=5) -> ConsumerGroup:
    group = ConsumerGroup("g")
    group.epoch, group.target_epoch = epoch, target
    for member in members:
        group.put(member)
    return group


def member(member_id="m", **given) -> ConsumerMember:
    return ConsumerMember(member_id=member_id, **{"epoch": 5, **given})


def test_the_names_of_states():
    assert group_of().state_name == "Empty"
    assert group_of(member(), epoch=6).state_name == "Assigning"
    assert group_of(member(), member("n", epoch=4)).state_name == "Reconciling"
    assert group_of(member(state=MemberState.UNRELEASED)).state_name == "Reconciling"
    assert group_of(member()).state_name == "Stable"


def test_counts_follow_members():
    one = member(topics=frozenset("ab"), regex="r.*", assignor="range", instance_id="i")
    group = group_of(one, member("n", topics=frozenset("b"), classic=CLASSIC))
    assert group.topic_counts == {"a": 1, "b": 2}
    assert (group.classic_count, group.classic_protocol_counts) == (1, {"range": 1})
    group.put(replace(one, topics=frozenset("c"), regex="", assignor=None, instance_id="j"))
    assert group.topic_counts == {"b": 1, "c": 1}
    assert (group.regex_counts, group.assignor_counts) == ({}, {})
    assert group.static_ids == {"j": "m"}
    group.remove("m")
    group.remove("n")
    group.remove("n")
    assert (group.topic_counts, group.static_ids, group.classic_count) == ({}, {}, 0)
    assert group.classic_protocol_counts == {}


def test_what_members_own_is_owned_until_nobody_does():
    one = member(assigned={T1: {0: 5}}, revoking={T1: {1: 4}})
    group = group_of(one)
    assert group.owners == {T1: {0: 5, 1: 5}}
    group.put(replace(one, epoch=6, revoking={}))
    assert group.owners == {T1: {0: 6}}
    assert (group.is_owned(T1, 0), group.is_owned(T1, 1)) == (True, False)
    group.remove("m")
    assert group.owners == {}


def test_a_static_member_that_is_away_still_owns():
    group = group_of(member(epoch=-2, instance_id="i", assigned={T1: {0: 0}}))
    assert group.is_owned(T1, 0)
    group.put(member("n", epoch=7, assigned={T1: {0: 7}}))
    group.remove("m")
    assert group.owners == {T1: {0: 7}}


def test_the_later_owner_is_the_one():
    """Compaction may leave the record by which the earlier owner had it, and not what followed."""
    group = group_of(member("new", epoch=7, assigned={T1: {0: 7}}))
    stale = member("old", epoch=5, assigned={T1: {0: 5}})
    group.put(stale)
    assert group.owners == {T1: {0: 7}}
    group.put(replace(stale, epoch=8, assigned={}))
    assert group.owners == {T1: {0: 7}}


def test_a_group_is_subscribed_to_what_is_named_or_resolved():
    group = group_of(member(topics=frozenset({"a"}), regex="b.*"))
    group.resolved["b.*"] = ResolvedRegex(frozenset({"b1"}), 1, 1)
    assert [group.is_subscribed_to(topic) for topic in ("a", "b1", "c")] == [True, True, False]


def test_a_target_goes_over_to_who_takes_a_static_member_s_place():
    group = group_of(member(instance_id="i"))
    group.targets["m"] = {T1: frozenset({0})}
    assert group.target_of(member("new", instance_id="i")) == {T1: {0}}
    assert group.target_of(member("new")) == {}


def test_a_copy_does_not_change_with_the_group():
    group = group_of(member(assigned={T1: {0: 5}}, topics=frozenset({"a"})))
    copied = group.copy()
    group.remove("m")
    assert set(copied.members) == {"m"}
    assert (copied.owners, copied.topic_counts) == ({T1: {0: 5}}, {"a": 1})


# ---------------------------------------------------------------- offsets


def test_anybody_may_commit_to_a_group_without_members():
    assert group_of().validate_offset_commit("", None, -1, 9) is None
    with pytest.raises(UnknownMemberIdError):
        group_of().validate_offset_commit("m", None, 5, 9)


def test_a_member_commits_in_its_epoch():
    group = group_of(member())
    assert group.validate_offset_commit("m", None, 5, 9) is None
    with pytest.raises(StaleMemberEpochError):
        group.validate_offset_commit("m", None, 6, 9)
    for who in ("", "other"):
        with pytest.raises(UnknownMemberIdError):
            group.validate_offset_commit(who, None, -1, 9)


def test_an_older_version_is_for_classic_members():
    group = group_of(member(), member("n", classic=CLASSIC))
    with pytest.raises(UnsupportedVersionError):
        group.validate_offset_commit("m", None, 5, 8)
    assert group.validate_offset_commit("m", None, 5, 3, is_transactional=True) is None
    assert group.validate_offset_commit("n", None, 5, 8) is None
    with pytest.raises(IllegalGenerationError):
        group.validate_offset_commit("n", None, 6, 8)


def test_from_an_older_epoch_what_was_and_is_owned_may_be_committed():
    owns = member(assigned={T1: {0: 3, 1: 5}}, revoking={T1: {2: 2}})
    validate = group_of(owns).validate_offset_commit("m", None, 4, 9)
    assert validate is not None
    validate("t", T1, 0)
    validate("t", T1, 2)
    for partition in (1, 3):
        with pytest.raises(StaleMemberEpochError):
            validate("t", T1, partition)
    validate = group_of(replace(owns, classic=CLASSIC)).validate_offset_commit("m", None, 4, 9)
    assert validate is not None
    with pytest.raises(IllegalGenerationError):
        validate("t", T1, 1)


def test_a_producer_that_tells_nothing_of_its_group_may_commit():
    group = group_of(member())
    assert group.validate_offset_commit("", None, -1, 3, is_transactional=True) is None
    with pytest.raises(UnknownMemberIdError):
        group.validate_offset_commit("", "i", -1, 3, is_transactional=True)


def test_a_member_fetches_in_its_epoch():
    group = group_of(member(), member("n", classic=CLASSIC))
    group.validate_offset_fetch(None, -1)
    group.validate_offset_fetch("m", 5)
    with pytest.raises(StaleMemberEpochError):
        group.validate_offset_fetch("m", 4)
    with pytest.raises(IllegalGenerationError):
        group.validate_offset_fetch("n", 4)
    for who in (None, "other"):
        with pytest.raises(UnknownMemberIdError):
            group.validate_offset_fetch(who, 5)


def test_only_a_group_without_members_is_deleted():
    group_of().validate_delete()
    group_of(member()).validate_offset_delete()
    with pytest.raises(NonEmptyGroupError):
        group_of(member()).validate_delete()


def test_offsets_expire_by_their_commit():
    assert group_of(member()).offset_expiry_base_ms(CommittedOffset(1, commit_timestamp_ms=7)) == 7


# ---------------------------------------------------------------- through the coordinator


def test_a_group_is_listed_and_deleted_with_its_offsets():
    cluster = ConsumerCluster({"foo": 2})
    a = Client(cluster, "a", "foo")
    settle(a)
    assert cluster.commit_code(member_id="a", generation=a.epoch) == 0
    (listed,) = cluster.service.list_groups(ListGroupsRequest()).groups
    assert (listed.group_id, listed.group_state, listed.group_type) == (GROUP, "Stable", "consumer")
    assert cluster.service.delete_groups([GROUP]).value()[0].error_code == 68
    a.leave()
    assert cluster.service.delete_groups([GROUP]).value()[0].error_code == 0
    assert GROUP not in cluster.shard.state.groups
    cluster.crash()
    assert GROUP not in cluster.shard.state.groups
    assert cluster.shard.state.offsets.count == 0
