"""A member: what it speaks, and whether what it parked shows that it lives."""

import pytest

from logcore.common.deferred import Deferred
from logcore.coordinator.group.classic_member import answer
from logcore.protocol.messages.sync_group import SyncGroupResponse
from tests.coordinator.group.test_classic_group import member


def test_it_votes_for_the_first_that_everybody_speaks():
    one = member("a", protocols=[("x", b"1"), ("y", b"2"), ("z", b"3")])
    assert one.vote({"z", "y"}) == "y"
    assert one.metadata("z") == b"3"
    assert one.protocol_names == {"x", "y", "z"}
    with pytest.raises(AssertionError):
        one.vote({"w"})
    with pytest.raises(AssertionError):
        one.metadata("w")


def test_a_parked_request_shows_that_it_lives_unless_it_is_new():
    one = member("a")
    assert not one.has_satisfied_heartbeat
    one.awaiting_join = Deferred()
    assert one.has_satisfied_heartbeat
    one.is_new = True
    assert not one.has_satisfied_heartbeat
    one.is_new, one.awaiting_join, one.awaiting_sync = False, None, Deferred()
    assert one.has_satisfied_heartbeat


def test_a_request_is_answered_once():
    one = member("a")
    parked: Deferred[SyncGroupResponse] = Deferred()
    one.awaiting_sync = parked
    one.answer_sync(SyncGroupResponse(error_code=1))
    one.answer_sync(SyncGroupResponse(error_code=2))
    answer(parked, SyncGroupResponse(error_code=3))
    assert parked.value().error_code == 1


def test_who_fails_to_hear_an_answer_does_not_keep_others_from_theirs():
    def fail(_):
        raise ZeroDivisionError

    parked: Deferred[SyncGroupResponse] = Deferred()
    parked.then(fail)
    answer(parked, SyncGroupResponse())
    assert parked.is_done
