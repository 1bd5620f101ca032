"""A share partition at work: reading what is kept, keeping what changes, locks that end."""

import pytest

from logcore.broker.share.live import LiveSharePartition, told
from logcore.broker.share.persister import ShareState
from logcore.broker.share.sessions import SessionKey
from logcore.common.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    FencedStateEpochError,
    InvalidRecordStateError,
    InvalidRequestError,
    NotLeaderOrFollowerError,
    RequestTimedOutError,
    UnknownServerError,
    UnknownTopicOrPartitionError,
)
from logcore.coordinator.share.batches import StateBatch
from logcore.protocol.messages.share_fetch import AcknowledgementBatch
from tests.broker.share.logs import batches, wish
from tests.broker.share.worlds import GROUP, World

ACCEPT, RELEASE = 1, 2


def ack(first: int, last: int, kind: int = ACCEPT) -> list[AcknowledgementBatch]:
    return [AcknowledgementBatch(first_offset=first, last_offset=last, acknowledge_types=[kind])]


def held(world: World, member: str = "m") -> LiveSharePartition:
    """Let a member hold records 0 to 9."""
    world.replicas.logs[0].append(10)
    live = world.get()
    now_ms = world.scheduler.monotonic_ms()
    acquired = live.acquire(
        wish(member, now_ms=now_ms, settings=world.settings), batches((0, 9)), ()
    )
    assert acquired == [(0, 9, 1)]
    return live


def is_known(live: LiveSharePartition) -> bool:
    return live.state is not None


def woken(world: World) -> list[str]:
    """Park a request, and return a list that says when it is tried."""
    said: list[str] = []

    def try_complete() -> bool:
        said.append("tried")
        return False

    world.purgatory.park([world.key()], try_complete, 1_000_000, lambda: None)
    return said


def test_an_acknowledgement_is_done_when_it_is_kept():
    world = World()
    live = held(world)
    world.persister.waits = True
    done = live.acknowledge("m", ack(0, 9))
    assert (done.is_done, live.pending) == (False, 1)
    with pytest.raises(InvalidRecordStateError):
        live.acknowledge("m", ack(0, 9))
    world.persister.go_on()
    assert (done.value(), live.pending) == (None, 0)
    change = world.persister.changes[0]
    assert (change.start_offset, change.delivery_complete_count) == (0, 10)
    assert change.batches == ((0, 9, 2, 1),)
    assert live.state is not None
    assert live.state.window.start_offset == 10


def test_what_cannot_be_kept_is_not_acknowledged():
    world = World()
    live = held(world)
    world.persister.error = RequestTimedOutError("no")
    with pytest.raises(UnknownServerError):
        live.acknowledge("m", ack(0, 9)).value()
    world.persister.error = None
    assert live.acknowledge("m", ack(0, 9)).value() is None


def test_a_fenced_state_is_dropped():
    world = World()
    live = held(world)
    world.persister.error = FencedStateEpochError("newer")
    with pytest.raises(NotLeaderOrFollowerError):
        live.acknowledge("m", ack(0, 9)).value()
    assert live.is_dropped
    world.persister.error = None
    again = world.get()
    assert again is not live
    assert again.acquire(wish("m"), batches((0, 9)), ()) == [(0, 9, 1)]


def test_locks_end_and_who_waits_is_woken():
    world = World()
    live = held(world)
    said = woken(world)
    world.scheduler.advance(999)
    assert said == []
    world.scheduler.advance(2)
    assert said == ["tried"]
    assert world.persister.changes[0].batches == ((0, 9, 0, 1),)
    assert live.state is not None
    assert live.state.window.first_free() == 0
    assert world.scheduler.pending_count <= 1  # purgatory's deadline


def test_one_timer_is_enough():
    world = World()
    world.shares.sessions.open(SessionKey(GROUP, "n"), [], acknowledges=False)
    live = held(world)
    timers = world.scheduler.pending_count
    world.scheduler.advance(500)
    live.acquire(wish("n", now_ms=world.scheduler.monotonic_ms()), batches((10, 19)), ())
    assert world.scheduler.pending_count == timers
    world.scheduler.advance(500)
    assert len(world.persister.changes) == 1
    world.scheduler.advance(500)
    assert [each.batches for each in world.persister.changes][1] == ((10, 19, 0, 1),)


def test_a_shorter_lock_ends_sooner():
    world = World()
    live = held(world)
    shorter = world.settings._replace(lock_ms=100)
    now_ms = world.scheduler.monotonic_ms()
    live.acquire(wish("n", now_ms=now_ms, settings=shorter), batches((10, 19)), ())
    world.scheduler.advance(100)
    assert world.persister.changes[0].batches == ((10, 19, 0, 1),)


def test_a_lock_that_ends_while_its_acknowledgement_fails():
    world = World()
    live = held(world)
    world.persister.waits, world.persister.error = True, RequestTimedOutError("no")
    done = live.acknowledge("m", ack(0, 9))
    world.scheduler.advance(2_000)
    world.persister.waits, world.persister.error = False, None
    world.persister.go_on()
    assert isinstance(done.error, UnknownServerError)
    assert live.state is not None
    assert live.state.window.first_free() == 0


def test_a_renewed_lock_ends_later():
    world = World()
    live = held(world)
    world.scheduler.advance(900)
    assert live.acknowledge("m", ack(0, 9, 4)).value() is None
    world.scheduler.advance(900)
    assert world.persister.changes == []
    world.scheduler.advance(100)
    assert len(world.persister.changes) == 1


def test_who_goes_gives_back():
    world = World()
    live = held(world)
    said = woken(world)
    assert live.release("m").value() is None
    world.scheduler.run_soon()
    assert said == ["tried"]
    assert live.release("m").value() is None
    assert len(world.persister.changes) == 1


def test_a_state_that_comes_late():
    world = World()
    world.persister.waits = True
    live = world.get()
    said = woken(world)
    assert not is_known(live)
    assert live.release("m").value() is None
    with pytest.raises(UnknownTopicOrPartitionError):
        live.acknowledge("m", ack(0, 9))
    world.persister.go_on()
    world.scheduler.run_soon()
    assert is_known(live)
    assert said == ["tried"]


def test_a_state_that_was_never_begun():
    world = World()
    del world.persister.states[world.key()]
    live = world.get()
    assert isinstance(live.error, UnknownServerError)
    assert live.is_dropped


@pytest.mark.parametrize(("reset", "start"), [("latest", 30), ("earliest", 7)])
def test_where_a_new_group_begins(reset: str, start: int):
    world = World()
    world.settings = world.settings._replace(reset=reset)
    world.persister.begin(world.key(), -1)
    log = world.replicas.logs[0]
    log.append(30)
    log.start_offset = 7
    live = world.get()
    assert live.state is not None
    assert live.state.window.start_offset == start


def test_a_group_that_begins_before_there_is_a_record():
    world = World()
    world.settings = world.settings._replace(reset="by_duration:PT1H")
    world.persister.begin(world.key(), -1)
    world.replicas.logs[0].append(30)
    live = world.get()
    assert live.state is not None
    assert live.state.window.start_offset == 30


def test_a_log_that_lost_its_end():
    world = World()
    world.replicas.logs[0].append(10)
    batches_ = (StateBatch(5, 6, 2, 1), StateBatch(8, 12, 2, 1), StateBatch(13, 14, 0, 1))
    world.persister.states[world.key()] = ShareState(0, 5, batches_)
    live = world.get()
    assert live.state is not None
    window = live.state.window
    assert [(run.first, run.last, run.state) for run in window.runs] == [(7, 7, 0), (8, 9, 2)]
    world.persister.states[world.key(0)] = ShareState(0, 50)
    world.shares.close()
    live = world.get()
    assert live.state is not None
    assert live.state.window.start_offset == 10


def test_nothing_happens_to_what_is_dropped():
    world = World()
    world.persister.waits = True
    live = world.get()
    world.shares.close()
    world.persister.go_on()
    assert live.state is None
    assert len(world.shares) == 0


def test_what_clients_are_told():
    assert isinstance(told(CoordinatorLoadInProgressError("x")), CoordinatorNotAvailableError)
    assert isinstance(told(FencedStateEpochError("x")), NotLeaderOrFollowerError)
    assert isinstance(told(UnknownTopicOrPartitionError("x")), UnknownTopicOrPartitionError)
    assert isinstance(told(InvalidRequestError("x")), UnknownServerError)
