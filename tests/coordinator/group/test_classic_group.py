"""The state of a classic group, without a coordinator around it."""

import pytest

from logcore.common.deferred import Deferred
from logcore.common.errors import (
    CoordinatorNotAvailableError,
    GroupIdNotFoundError,
    IllegalGenerationError,
    NonEmptyGroupError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.classic_member import ClassicMember
from logcore.coordinator.group.classic_state import ClassicState
from logcore.coordinator.group.offset_store import CommittedOffset
from logcore.protocol.messages.join_group import JoinGroupResponse
from tests.coordinator.group.actors import subscription

NOW_MS = 1_000


def member(member_id, instance_id=None, protocols=(("range", b""),), rebalance_ms=100):
    return ClassicMember(
        member_id=member_id,
        instance_id=instance_id,
        client_id="c",
        client_host="/h",
        rebalance_timeout_ms=rebalance_ms,
        session_timeout_ms=10,
        protocols=list(protocols),
    )


def group_of(*members, state=None):
    group = ClassicGroup("g", NOW_MS)
    for each in members:
        group.add(each, "consumer")
    if state is not None:
        group.state = state
    return group


def test_the_first_member_leads_and_sets_the_protocol_type():
    group = group_of(member("a"), member("b"))
    assert group.leader_id == "a"
    assert group.protocol_type == "consumer"
    assert group.uses_consumer_protocol


def test_another_member_leads_once_the_leader_is_gone():
    group = group_of(member("a"), member("b"))
    group.remove("a")
    assert group.leader_id == "b"
    group.remove("b")
    assert group.leader_id is None


def test_removing_a_stranger_changes_nothing():
    group = group_of(member("a"))
    group.remove("x")
    assert list(group.members) == ["a"]


def test_who_has_joined_is_counted():
    group = group_of(member("a"))
    parked: Deferred[JoinGroupResponse] = Deferred()
    group.park_join(group.members["a"], parked)
    assert group.has_all_joined
    group.pending_join.add("b")
    assert not group.has_all_joined
    group.pending_join.clear()
    group.answer_join(group.members["a"], JoinGroupResponse(generation_id=4))
    assert parked.value().generation_id == 4
    assert group.awaiting_join_count == 0
    group.answer_join(group.members["a"], JoinGroupResponse())


def test_only_who_has_joined_can_lead():
    group = group_of(member("a"), member("b"))
    assert not group.elect_joined_leader()
    group.park_join(group.members["b"], Deferred())
    assert group.elect_joined_leader()
    assert group.leader_id == "b"
    assert not group_of().elect_joined_leader()


def test_a_group_supports_what_all_its_members_speak():
    group = group_of(
        member("a", protocols=[("range", b""), ("sticky", b"")]),
        member("b", protocols=[("range", b"")]),
        state=ClassicState.STABLE,
    )
    assert group.supports("consumer", ["range"])
    assert group.supports("consumer", ["odd", "range"])
    assert not group.supports("consumer", ["sticky"])
    assert not group.supports("connect", ["range"])
    group.remove("b")
    assert group.supports("consumer", ["sticky"])


def test_an_empty_group_supports_anything_that_is_something():
    group = group_of()
    assert group.supports("connect", ["x"])
    assert not group.supports("", ["x"])
    assert not group.supports("connect", [])


def test_votes_count_only_what_everybody_speaks():
    both = [("sticky", b""), ("range", b"")]
    group = group_of(member("a", protocols=both), member("b", protocols=both), member("c"))
    assert group.select_protocol() == "range"
    group.remove("c")
    assert group.select_protocol() == "sticky"


def test_what_a_member_says_anew_replaces_what_it_said():
    group = group_of(member("a"))
    group.update(group.members["a"], [("sticky", b"x")], 5, 6)
    assert group.select_protocol() == "sticky"
    assert group.supported_counts["range"] == 0
    assert group.rebalance_timeout_ms == 5
    assert group.members["a"].session_timeout_ms == 6


def test_the_slowest_member_decides_how_long_a_rebalance_takes():
    assert group_of().rebalance_timeout_ms == 0
    assert group_of(member("a", rebalance_ms=7), member("b")).rebalance_timeout_ms == 100


def test_a_static_place_is_given_to_a_new_id():
    group = group_of(member("a", "i"), member("b"))
    group.members["a"].assignment = b"A"
    new = group.replace_static("i", "a2")
    assert list(group.members) == ["a2", "b"]
    assert group.leader_id == "a2"
    assert group.static_ids == {"i": "a2"}
    assert (new.assignment, new.instance_id) == (b"A", "i")
    assert group.supported_counts["range"] == 2


def test_a_generation_begins_with_what_its_members_consume():
    said = [("range", subscription("t", "u"))]
    group = group_of(member("a", protocols=said))
    group.move_to(ClassicState.PREPARING_REBALANCE, NOW_MS)
    group.begin_generation(NOW_MS + 5)
    assert (group.generation, group.protocol_name) == (1, "range")
    assert group.state is ClassicState.COMPLETING_REBALANCE
    assert group.state_timestamp_ms == NOW_MS + 5
    assert group.subscribed == {"t", "u"}


@pytest.mark.parametrize("metadata", [b"", b"\0", b"\xff\xff", b"\0\0\0\0\0\x09", b"\0\0garbage"])
def test_what_is_no_subscription_may_consume_anything(metadata):
    group = group_of(member("a", protocols=[("range", metadata)]))
    group.move_to(ClassicState.PREPARING_REBALANCE, NOW_MS)
    group.begin_generation(NOW_MS)
    assert group.subscribed is None
    assert group.is_subscribed_to("anything")


def test_a_group_that_is_no_consumer_consumes_nothing_we_know_of():
    group = ClassicGroup("g", NOW_MS)
    group.add(member("a"), "connect")
    assert group.compute_subscribed() is None
    assert not group.is_subscribed_to("t")


def test_states_are_reached_only_along_the_table():
    group = group_of(member("a"))
    for state in (ClassicState.STABLE, ClassicState.COMPLETING_REBALANCE, ClassicState.EMPTY):
        with pytest.raises(AssertionError):
            group.move_to(state, NOW_MS)
    group.move_to(ClassicState.PREPARING_REBALANCE, NOW_MS)
    assert group.previous_state is ClassicState.EMPTY


@pytest.mark.parametrize(
    ("state", "given", "error"),
    [
        (ClassicState.DEAD, ("a", None, 0), CoordinatorNotAvailableError),
        (ClassicState.STABLE, ("a", None, 0), None),
        (ClassicState.STABLE, ("a", None, 1), IllegalGenerationError),
        (ClassicState.STABLE, ("x", None, 0), UnknownMemberIdError),
        (ClassicState.STABLE, ("", None, -1), UnknownMemberIdError),
        (ClassicState.STABLE, ("", "i", -1), UnknownMemberIdError),
        (ClassicState.PREPARING_REBALANCE, ("a", None, 0), None),
        (ClassicState.COMPLETING_REBALANCE, ("a", None, 0), RebalanceInProgressError),
    ],
)
def test_who_may_commit(state, given, error):
    group = group_of(member("a"), state=state)
    if error is None:
        assert group.validate_offset_commit(*given, 9) is None
    else:
        with pytest.raises(error):
            group.validate_offset_commit(*given, 9)


def test_a_transaction_may_commit_without_being_a_member():
    group = group_of(member("a"), state=ClassicState.COMPLETING_REBALANCE)
    group.validate_offset_commit("", None, -1, 3, is_transactional=True)
    group.validate_offset_commit("a", None, 0, 3, is_transactional=True)
    with pytest.raises(IllegalGenerationError):
        group.validate_offset_commit("a", None, 7, 3, is_transactional=True)


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (ClassicState.EMPTY, None),
        (ClassicState.DEAD, GroupIdNotFoundError),
        (ClassicState.STABLE, NonEmptyGroupError),
        (ClassicState.PREPARING_REBALANCE, NonEmptyGroupError),
        (ClassicState.COMPLETING_REBALANCE, NonEmptyGroupError),
    ],
)
def test_what_may_be_deleted(state, error):
    group = ClassicGroup("g", NOW_MS)
    group.state = state
    for validate in (group.validate_delete, group.validate_offset_delete):
        if error is None:
            validate()
        else:
            with pytest.raises(error):
                validate()


def test_since_when_offsets_expire():
    committed = CommittedOffset(1, commit_timestamp_ms=50)
    simple = ClassicGroup("g", NOW_MS)
    assert simple.offset_expiry_base_ms(committed) == 50
    used = group_of(member("a", protocols=[("range", subscription("t"))]))
    used.move_to(ClassicState.PREPARING_REBALANCE, NOW_MS)
    assert used.offset_expiry_base_ms(committed) is None
    used.begin_generation(NOW_MS)
    assert used.offset_expiry_base_ms(committed) is None
    used.move_to(ClassicState.STABLE, NOW_MS)
    assert used.offset_expiry_base_ms(committed) == 50
    used.subscribed = None
    assert used.offset_expiry_base_ms(committed) is None
    used.remove("a")
    used.state = ClassicState.EMPTY
    assert used.offset_expiry_base_ms(committed) == NOW_MS
    used.state_timestamp_ms = -1
    assert used.offset_expiry_base_ms(committed) == 50
