"""Handing out: new records, free ones, limits, small pieces, and what was aborted."""

from logcore.broker.share.acquiring import Acquisition, Wish
from logcore.broker.share.log_batches import LogBatches
from logcore.broker.share.record_states import RecordState
from logcore.broker.share.window import Run, Window
from tests.broker.share.logs import (
    ABORT,
    SETTINGS,
    TRANSACTIONAL,
    batches,
    header,
    marker,
    whole,
    wish,
)


def free(*runs: tuple[int, int, int]) -> Window:
    """Make a window of free runs, each a delivery of its own: first, last, deliveries so far."""
    window = Window(runs[0][0])
    for first, last, count in runs:
        window.append(Run(first, last, RecordState.AVAILABLE, count, (first, last)))
    window.note_free()
    return window


def take(window: Window, log: LogBatches, asked: Wish) -> list[tuple[int, ...]]:
    return [tuple(each) for each in Acquisition(window, asked, log).make(())]


def test_new_records_come_in_whole_batches():
    window, log = Window(0), batches((0, 9), (10, 19), (20, 29))
    assert take(window, log, wish(records=15)) == [(0, 19, 1)]
    assert take(window, batches((20, 29)), wish(records=15)) == [(20, 29, 1)]
    assert window.in_flight == 30


def test_a_window_begins_inside_a_batch():
    assert take(Window(4), batches((0, 9)), wish()) == [(4, 9, 1)]


def test_an_empty_window_skips_what_the_log_has_no_more():
    window = Window(3)
    assert take(window, batches((10, 19)), wish()) == [(10, 19, 1)]
    assert window.start_offset == 10


def test_nothing_is_wanted_or_there():
    assert take(Window(0), batches(), wish()) == []
    assert take(Window(0), batches((0, 9)), wish(records=0)) == []
    assert take(Window(0), batches((0, 9)), wish(records=-1)) == []


def test_a_record_limit_is_exact():
    window = Window(0)
    assert take(window, batches((0, 9)), wish(records=4, is_record_limit=True)) == [(0, 3, 1)]
    assert (window.first_free(), window.next_offset) == (4, 10)
    assert take(window, batches((0, 9)), wish(records=4, is_record_limit=True)) == [(4, 7, 1)]


def test_a_record_limit_counts_what_is_free_and_what_is_new():
    window = free((0, 4, 1))
    log = batches((0, 9))
    assert take(window, log, wish(records=7, is_record_limit=True)) == [(0, 4, 2), (5, 6, 1)]


def test_pieces_have_about_the_size():
    log = batches((0, 3), (4, 7), (8, 11), (12, 15))
    assert take(Window(0), log, wish(batch_size=6)) == [(0, 7, 1), (8, 15, 1)]
    log = batches((0, 3), (4, 7))
    assert take(Window(0), log, wish(batch_size=0)) == [(0, 3, 1), (4, 7, 1)]
    log = batches((0, 3), (4, 7))
    assert take(Window(0), log, wish(batch_size=-9)) == [(0, 3, 1), (4, 7, 1)]


def test_locks_are_limited_but_for_what_is_free():
    settings = SETTINGS._replace(record_locks=10)
    window = Window(0)
    assert take(window, batches((0, 4), (5, 9)), wish(records=5, settings=settings)) == [(0, 4, 1)]
    assert take(window, batches((5, 9), (10, 14)), wish(settings=settings)) == [(5, 9, 1)]
    assert take(window, batches((10, 14)), wish(settings=settings)) == []
    window.runs[0].state = RecordState.AVAILABLE
    window.note_free()
    assert take(window, batches((0, 4), (5, 9)), wish(settings=settings)) == [(0, 4, 2)]


def test_free_records_come_first_by_delivery():
    window = free((0, 4, 1), (5, 9, 1))
    assert take(window, batches((0, 9), (10, 19)), wish()) == [(0, 4, 2), (5, 9, 2), (10, 19, 1)]


def test_a_read_that_ends_early_hands_out_what_it_has():
    window = free((0, 19, 1))
    assert take(window, batches((0, 9)), wish()) == [(0, 9, 2)]
    assert window.first_free() == 10


def test_what_was_never_handed_out_is_as_if_new():
    window = free((0, 29, 0))
    assert take(window, batches((0, 9), (10, 19), (20, 29)), wish(records=12)) == [(0, 19, 1)]
    assert window.first_free() == 20


def test_the_log_has_no_more_of_what_is_free():
    window = free((0, 9, 1), (10, 19, 1))
    assert take(window, batches((15, 19)), wish()) == [(15, 19, 2)]
    assert window.start_offset == 15


def test_what_came_back_often_comes_in_small_pieces():
    window = free((0, 31, 3))  # of 5
    log = batches((0, 31), (32, 39))
    assert take(window, log, wish()) == [(0, 15, 4)]
    assert take(window, batches((0, 31), (32, 39)), wish()) == [(16, 31, 4)]


def test_at_last_a_record_comes_alone():
    window = free((0, 3, 4))  # of 5
    for offset in range(4):
        assert take(window, batches((0, 3)), wish()) == [(offset, offset, 5)]


def test_small_pieces_do_not_follow_others():
    window = free((0, 3, 1), (4, 7, 3))
    assert take(window, batches((0, 7)), wish()) == [(0, 3, 2)]
    assert take(window, batches((4, 7)), wish()) == [(4, 5, 4)]


def test_with_a_limit_of_two_nothing_comes_alone():
    settings = SETTINGS._replace(delivery_count_limit=2)
    assert take(free((0, 9, 1)), batches((0, 9)), wish(settings=settings)) == [(0, 9, 2)]


def test_holders_and_locks_are_noted():
    window = Window(0)
    take(window, batches((0, 9)), wish("me", now_ms=50))
    run = window.runs[0]
    assert (run.member, run.due_ms, run.state, run.count) == ("me", 1_050, RecordState.ACQUIRED, 1)


def test_aborted_records_are_nobodys():
    log = whole(
        [
            header(0, 4, attributes=TRANSACTIONAL, producer_id=7),
            header(5, 9),
            header(10, 14, attributes=TRANSACTIONAL, producer_id=7),
            marker(15, 7, ABORT),
        ]
    )
    window = Window(0)
    assert Acquisition(window, wish(), log).make([(7, 0)]) == [(5, 9, 1), (15, 15, 1)]
    assert [(each.first, each.last, each.state) for each in window.runs] == [
        (5, 9, RecordState.ACQUIRED),
        (10, 14, RecordState.ARCHIVED),
        (15, 15, RecordState.ACQUIRED),
    ]


def test_nothing_but_aborted_records():
    log = whole([header(0, 4, attributes=TRANSACTIONAL, producer_id=7)])
    window = Window(0)
    assert Acquisition(window, wish(), log).make([(7, 0)]) == []
    assert (window.start_offset, window.next_offset) == (5, 5)
