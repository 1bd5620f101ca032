"""What the timers of all kinds of modern groups have in common, over streams groups."""

from types import SimpleNamespace

import pytest

from logcore.common.clock import ManualScheduler
from logcore.common.deferred import Deferred
from logcore.common.errors import CoordinatorNotAvailableError
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.modern_member import MemberState
from logcore.coordinator.group.modern_sessions import RETRY_MS, GivingSessions
from logcore.coordinator.group.streams.group import StreamsGroup
from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.result import CoordinatorResult
from logcore.coordinator.timers import ShardTimers

SESSION_MS, REBALANCE_MS = 4_000, 1_000
GIVING = StreamsMember(
    member_id="m", epoch=3, state=MemberState.UNREVOKED, rebalance_timeout_ms=REBALANCE_MS
)
STABLE = StreamsMember(member_id="m", epoch=3, rebalance_timeout_ms=REBALANCE_MS)


class Sessions(GivingSessions[StreamsGroup, StreamsMember]):
    """Sessions that note who is let go, unless that is refused."""

    def __init__(self) -> None:
        self.scheduler = ManualScheduler()
        self.refused = 0
        self.gone: list[str] = []
        self.here = StreamsGroup("g")
        context = SimpleNamespace(
            state=SimpleNamespace(groups={"g": self.here, "c": ConsumerGroup("c")}),
            timers=ShardTimers(self.scheduler, self._run),
            group_config=lambda _: {"streams.session.timeout.ms": str(SESSION_MS)},
        )
        super().__init__(context, StreamsGroup)  # type: ignore[arg-type]  # has what they need

    def _run(self, _, operation):
        decided = operation()
        if self.refused:
            self.refused -= 1
            return Deferred.failed(CoordinatorNotAvailableError())
        if decided.response is not None:
            del self.here.members[decided.response]
            self.gone.append(decided.response)
        return Deferred.of(None)

    def _fence(self, _, member):
        return CoordinatorResult(response=member.member_id)


@pytest.fixture
def sessions():
    return Sessions()


def test_only_groups_of_the_kind_are_found(sessions):
    assert sessions.group("g") is sessions.here
    assert sessions.group("c") is None
    assert sessions.group("nobody's") is None


def test_who_was_heard_of_may_be_silent_for_a_session(sessions):
    sessions.here.members["m"] = STABLE
    for _ in range(3):
        sessions.keep_alive("g", STABLE)
        sessions.scheduler.advance(SESSION_MS - 1)
    assert not sessions.gone
    sessions.scheduler.advance(1)
    assert sessions.gone == ["m"]


def test_a_timer_that_finds_its_member_gone_does_nothing(sessions):
    sessions.keep_alive("g", STABLE)
    sessions.keep_alive("c", STABLE)
    sessions.scheduler.advance(SESSION_MS)
    assert not sessions.gone


def test_a_removal_that_fails_is_tried_again(sessions):
    sessions.here.members["m"], sessions.refused = STABLE, 2
    sessions.keep_alive("g", STABLE)
    for delay_ms in (SESSION_MS, RETRY_MS):
        sessions.scheduler.advance(delay_ms)
        assert not sessions.gone
    sessions.scheduler.advance(RETRY_MS)
    assert sessions.gone == ["m"]


def test_who_gives_nothing_up_in_time_is_let_go(sessions):
    sessions.here.members["m"] = GIVING
    sessions.watch_revocation("g", GIVING)
    sessions.scheduler.advance(REBALANCE_MS)
    assert sessions.gone == ["m"]


@pytest.mark.parametrize(
    "later", [STABLE, StreamsMember(member_id="m", epoch=4, state=MemberState.UNREVOKED)]
)
def test_who_has_gone_on_meanwhile_is_not(sessions, later):
    sessions.watch_revocation("g", GIVING)
    sessions.here.members["m"] = later
    sessions.scheduler.advance(REBALANCE_MS)
    assert not sessions.gone


def test_who_is_stable_is_not_watched_any_more(sessions):
    sessions.here.members["m"] = GIVING
    sessions.watch_revocation("g", GIVING)
    sessions.watch_revocation("g", STABLE)
    sessions.scheduler.advance(REBALANCE_MS)
    assert not sessions.gone


def test_both_timers_run_for_what_was_loaded(sessions):
    sessions.here.members |= {
        "m": GIVING,
        "n": StreamsMember(member_id="n", rebalance_timeout_ms=REBALANCE_MS),
    }
    sessions.on_loaded()
    sessions.scheduler.advance(REBALANCE_MS)
    assert sessions.gone == ["m"]
    sessions.scheduler.advance(SESSION_MS - REBALANCE_MS)
    assert sessions.gone == ["m", "n"]
