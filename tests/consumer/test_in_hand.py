"""What is in the user's hands is acknowledged once, and handed out only while it is ours."""

import pytest

from logcore.common.clock import SystemClock
from logcore.common.errors import (
    CorruptMessageError,
    IllegalStateError,
    InvalidRecordStateError,
    SerializationError,
)
from logcore.consumer.acknowledgements import GAP, AcknowledgeType
from logcore.consumer.in_hand import InHand
from tests.broker.batches import batch
from tests.consumer.acquiring import PLACE, Session, acquired, acquisition, at_offset, batches

ACCEPT, RELEASE, REJECT, RENEW = AcknowledgeType


def hand(*, is_explicit=False, deserialize=None):
    return InHand(is_explicit=is_explicit, deserialize=deserialize, patience_ms=1000)


def offsets(records):
    return [record.offset for record in records]


def said(session):
    """Return what was acknowledged, and forget it."""
    found = [(each.types, each.gaps) for each in session.put_in]
    session.put_in.clear()
    return found


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def where(session):
    return acquisition(session)


def test_the_next_poll_accepts(session, where):
    mine = hand()
    mine.put(acquired(batches(3, 3), (0, 5, 1), acquisition=where))
    assert offsets(mine.take(4)) == [0, 1, 2, 3]
    mine.settle()
    assert said(session) == [(dict.fromkeys(range(4), ACCEPT), [])]
    assert offsets(mine.take(4)) == [4, 5]
    assert not mine.is_ready
    made = mine.commit()
    assert made == session.put_in
    assert said(session) == [({4: ACCEPT, 5: ACCEPT}, [])]
    assert mine.commit() == []
    with pytest.raises(IllegalStateError, match="mode explicit"):
        mine.acknowledge(PLACE, 4, ACCEPT)


def test_what_does_not_come_out_is_acknowledged_by_itself(session, where):
    mine = hand()
    mine.put(acquired(batches(2) + batches(2, base=4), (0, 5, 1), acquisition=where))
    assert offsets(mine.take(9)) == [0, 1, 4, 5]
    assert said(session) == [({}, [(2, 3, GAP)])]


def test_explicit_mode_wants_a_word_on_each(session, where):
    mine = hand(is_explicit=True)
    mine.put(acquired(batches(5), (0, 4, 1), acquisition=where))
    mine.take(5)
    for offset, what in enumerate([ACCEPT, RELEASE, REJECT]):
        mine.acknowledge(PLACE, offset, what)
    with pytest.raises(IllegalStateError, match="t-0 at offset 3 is not acknowledged"):
        mine.settle()
    assert said(session) == []
    mine.acknowledge(PLACE, 2, ACCEPT)  # the last word counts
    mine.commit()
    assert said(session) == [({0: ACCEPT, 1: RELEASE, 2: ACCEPT}, [])]
    with pytest.raises(IllegalStateError, match="offset 2 does not wait"):
        mine.acknowledge(PLACE, 2, ACCEPT)
    mine.acknowledge(PLACE, 3, ACCEPT)
    mine.acknowledge(PLACE, 4, 2)
    mine.settle()
    assert said(session) == [({3: ACCEPT, 4: RELEASE}, [])]


def test_what_is_renewed_comes_again(session, where):
    mine = hand(is_explicit=True)
    mine.put(acquired(batches(3), (0, 2, 4), acquisition=where))
    mine.take(3)
    for offset, what in enumerate([RENEW, ACCEPT, RENEW]):
        mine.acknowledge(PLACE, offset, what)
    mine.settle()
    assert mine.is_renewing
    assert not mine.is_ready
    (acknowledgement,) = session.put_in
    assert set(acknowledgement.renewed) == {0, 2}
    mine.renewed(acknowledgement, 60_000)
    assert not mine.is_renewing
    again = mine.take(9)
    assert [(each.offset, each.delivery_count) for each in again] == [(0, 4), (2, 4)]
    for record in again:
        mine.acknowledge(PLACE, record.offset, RENEW)
    mine.commit()
    late = session.put_in[-1]
    late.error = InvalidRecordStateError("the lock had ended")
    mine.renewed(late, 60_000)
    assert (mine.is_renewing, mine.is_ready) == (False, False), "it is somebody else's now"


def test_what_is_not_ours_any_more_is_not_handed_out(session):
    now_ms = SystemClock().monotonic_ms()
    mine, other = hand(), Session()
    mine.put(acquired(batches(2), (0, 1, 1), acquisition=acquisition(session, now_ms - 1)))
    mine.put(acquired(batches(2), (0, 1, 1), acquisition=acquisition(other)))
    kept = acquisition(session, now_ms + 60_000)
    mine.put(acquired(batches(2, base=7), (7, 8, 1), acquisition=kept))
    other.error = InvalidRecordStateError("the session ended")
    assert offsets(mine.take(9)) == [7, 8]
    assert said(session) == said(other) == []


def test_a_deserializer_that_fails(session, where):
    def odd(record):
        if record.offset == 2:
            raise SerializationError("odd")
        return record

    for is_explicit in (False, True):
        mine = hand(is_explicit=is_explicit, deserialize=odd)
        mine.put(acquired(batches(4), (0, 3, 1), acquisition=where))
        assert offsets(mine.take(9)) == [0, 1]
        for offset in (0, 1) if is_explicit else ():
            mine.acknowledge(PLACE, offset, ACCEPT)
        mine.settle()
        assert mine.is_ready
        with pytest.raises(SerializationError):
            mine.take(9)
        if is_explicit:
            mine.acknowledge(PLACE, 2, REJECT)
        assert offsets(mine.take(9)) == [3]
        mine.commit()
        last = {2: REJECT} if is_explicit else {2: RELEASE, 3: ACCEPT}
        assert said(session) == [({0: ACCEPT, 1: ACCEPT}, []), (last, [])]


def test_a_damaged_batch_is_rejected(session, where):
    spoilt = at_offset(batch([b"x", b"x"], spoil=True), 2)
    mine = hand()
    data = batches(2) + spoilt + batches(2, base=4)
    mine.put(acquired(data, (0, 5, 1), acquisition=where))
    assert offsets(mine.take(9)) == [0, 1]
    assert said(session) == [({}, [(2, 3, REJECT)])]
    with pytest.raises(CorruptMessageError):
        mine.take(9)
    assert offsets(mine.take(9)) == [4, 5]


def test_what_nobody_saw_is_handed_out_again(session, where):
    def interrupted(record):
        if record.offset == 1 and not seen:
            seen.append(record)
            raise KeyboardInterrupt
        return record

    seen = []
    mine = hand(deserialize=interrupted)
    mine.put(acquired(batches(3), (0, 2, 1), acquisition=where))
    with pytest.raises(KeyboardInterrupt):
        mine.take(9)
    assert offsets(mine.take(1)) == [0]
    mine.put_back(mine.take(2))
    assert offsets(mine.take(9)) == [1, 2]
    mine.settle()
    assert said(session) == [(dict.fromkeys(range(3), ACCEPT), [])]


def test_what_was_not_handed_out_can_go_back(session, where):
    mine = hand()
    mine.put(acquired(batches(4), (0, 3, 1), acquisition=where))
    records = mine.take(3)
    mine.put_back(records[2:])
    mine.release()
    assert not mine.is_ready
    assert said(session) == [({}, [(3, 3, RELEASE)]), ({}, [(2, 2, RELEASE)])]
    mine.settle()
    assert said(session) == [({0: ACCEPT, 1: ACCEPT}, [])]
