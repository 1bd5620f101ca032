"""Fetch sessions: epochs, forgetting, room for others, turns."""

import pytest

from logcore.broker.fetch_session import FetchSessions, FetchUse, move_to_end
from logcore.common.errors import FetchSessionIdNotFoundError, InvalidFetchSessionEpochError
from logcore.protocol.messages.fetch import (
    FetchPartition,
    FetchRequest,
    FetchTopic,
    ForgottenTopic,
)


def request(
    partitions: dict[str, list[int]],
    session_id: int = 0,
    epoch: int = -1,
    forgotten: dict[str, list[int]] | None = None,
    offset: int = 0,
) -> FetchRequest:
    return FetchRequest(
        session_id=session_id,
        session_epoch=epoch,
        topics=[
            FetchTopic(
                topic=topic,
                partitions=[
                    FetchPartition(partition=index, fetch_offset=offset) for index in indexes
                ],
            )
            for topic, indexes in partitions.items()
        ],
        forgotten_topics_data=[
            ForgottenTopic(topic=topic, partitions=indexes)
            for topic, indexes in (forgotten or {}).items()
        ],
    )


def names(use: FetchUse) -> list[tuple[str, int]]:
    return [(wanted.topic, wanted.index) for wanted in use.wanted]


def test_without_a_session_everything_is_named_each_time():
    sessions = FetchSessions(slots=10, seed=1)
    use = sessions.use(request({"a": [0, 1]}), 11, 0)
    assert (use.session_id, use.is_incremental) == (0, False)
    assert names(use) == [("a", 0), ("a", 1)]
    assert len(sessions) == 0


def test_a_session_remembers_and_is_told_only_changes():
    sessions = FetchSessions(slots=10, seed=1)
    first = sessions.use(request({"a": [0, 1]}, epoch=0), 11, 0)
    assert first.session_id > 0
    again = sessions.use(request({}, first.session_id, 1), 11, 0)
    assert again.is_incremental
    assert names(again) == [("a", 0), ("a", 1)]
    changed = request({"b": [2]}, first.session_id, 2, forgotten={"a": [0]}, offset=7)
    use = sessions.use(changed, 11, 0)
    assert names(use) == [("a", 1), ("b", 2)]
    assert [wanted.offset for wanted in use.wanted] == [0, 7]


def test_a_lost_or_repeated_request_is_refused():
    sessions = FetchSessions(slots=10, seed=1)
    session_id = sessions.use(request({"a": [0]}, epoch=0), 11, 0).session_id
    sessions.use(request({}, session_id, 1), 11, 0)
    for epoch in (1, 3):
        with pytest.raises(InvalidFetchSessionEpochError):
            sessions.use(request({}, session_id, epoch), 11, 0)
    with pytest.raises(FetchSessionIdNotFoundError):
        sessions.use(request({}, session_id + 1, 1), 11, 0)


def test_the_final_epoch_closes_it():
    sessions = FetchSessions(slots=10, seed=1)
    session_id = sessions.use(request({"a": [0]}, epoch=0), 11, 0).session_id
    assert sessions.use(request({"a": [0]}, session_id, -1), 11, 0).session_id == 0
    assert len(sessions) == 0


def test_a_full_cache_makes_room_only_for_sessions_out_of_use():
    sessions = FetchSessions(slots=1, eviction_ms=100, seed=1)
    first = sessions.use(request({"a": [0]}, epoch=0), 11, 0)
    assert sessions.use(request({"a": [0]}, epoch=0), 11, 99).session_id == 0
    second = sessions.use(request({"a": [0]}, epoch=0), 11, 100)
    assert second.session_id not in {0, first.session_id}
    with pytest.raises(FetchSessionIdNotFoundError):
        sessions.use(request({}, first.session_id, 1), 11, 100)


def test_no_slots_means_no_sessions():
    sessions = FetchSessions(slots=0, seed=1)
    assert sessions.use(request({"a": [0]}, epoch=0), 11, 0).session_id == 0


def test_the_epoch_wraps_to_one():
    sessions = FetchSessions(slots=1, seed=1)
    use = sessions.use(request({"a": [0]}, epoch=0), 11, 0)
    assert use.session is not None
    use.session.epoch = 2**31 - 1
    sessions.use(request({}, use.session_id, 2**31 - 1), 11, 0)
    assert use.session.epoch == 1


def test_who_was_served_waits_behind_the_others():
    sessions = FetchSessions(slots=1, seed=1)
    use = sessions.use(request({"a": [0, 1, 2]}, epoch=0), 11, 0)
    assert use.session is not None
    move_to_end(use.session, use.wanted[:1], 11)
    again = sessions.use(request({}, use.session_id, 1), 11, 0)
    assert names(again) == [("a", 1), ("a", 2), ("a", 0)]
