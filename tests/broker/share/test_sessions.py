"""Share sessions: epochs, what is wanted, what is news, and their limit."""

import pytest

from logcore.broker.share.sessions import SessionKey, ShareSessions, TopicPartition
from logcore.common.errors import (
    InvalidRequestError,
    InvalidShareSessionEpochError,
    ShareSessionLimitReachedError,
    ShareSessionNotFoundError,
)

ONE, TWO = SessionKey("g", "one"), SessionKey("g", "two")
ZERO, FIRST = TopicPartition(b"t" * 16, 0), TopicPartition(b"t" * 16, 1)


def test_epochs_move_by_one():
    sessions = ShareSessions(10)
    session = sessions.open(ONE, [ZERO], acknowledges=False)
    assert sessions.use(ONE, 1) is session
    with pytest.raises(InvalidShareSessionEpochError):
        sessions.use(ONE, 1)
    assert sessions.use(ONE, 2) is session
    session.epoch = 2**31 - 1
    assert sessions.use(ONE, 2**31 - 1).epoch == 1


def test_the_last_request_moves_nothing():
    sessions = ShareSessions(10)
    sessions.open(ONE, [], acknowledges=False)
    assert sessions.use(ONE, -1).epoch == 1
    assert sessions.remove(ONE) is not None
    with pytest.raises(ShareSessionNotFoundError):
        sessions.use(ONE, -1)


def test_a_session_that_begins_acknowledges_nothing():
    with pytest.raises(InvalidRequestError):
        ShareSessions(10).open(ONE, [ZERO], acknowledges=True)


def test_there_is_a_limit():
    sessions = ShareSessions(1)
    sessions.open(ONE, [ZERO], acknowledges=False)
    sessions.open(ONE, [ZERO], acknowledges=False)
    with pytest.raises(ShareSessionLimitReachedError):
        sessions.open(TWO, [ZERO], acknowledges=False)
    assert len(sessions) == 1


def test_members_of_groups_are_counted():
    sessions = ShareSessions(10)
    sessions.open(ONE, [], acknowledges=False)
    sessions.open(TWO, [], acknowledges=False)
    sessions.remove(ONE)
    assert sessions.has_members("g")
    sessions.remove(TWO)
    assert not sessions.has_members("g")
    assert sessions.remove(TWO) is None


def test_a_session_tells_when_it_is_over():
    said: list[str] = []
    sessions = ShareSessions(10)
    sessions.open(ONE, [], acknowledges=False).on_removed = lambda: said.append("over")
    sessions.open(ONE, [], acknowledges=False)
    assert said == ["over"]


def test_what_is_added_must_be_told_once():
    session = ShareSessions(10).open(ONE, [ZERO], acknowledges=False)
    assert not session.is_news(ZERO, has_records=False, has_error=False)
    session.update([FIRST], [ZERO])
    assert list(session.partitions) == [FIRST]
    assert session.is_news(FIRST, has_records=False, has_error=False)
    assert not session.is_news(FIRST, has_records=False, has_error=False)
    assert session.is_news(FIRST, has_records=True, has_error=False)
    assert session.is_news(FIRST, has_records=False, has_error=True)
    assert session.is_news(FIRST, has_records=False, has_error=False)
    assert not session.is_news(ZERO, has_records=False, has_error=False)
