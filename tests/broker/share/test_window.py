"""The window: runs lie end to end, are cut, passed and dropped."""

import pytest

from logcore.broker.share.record_states import RecordState
from logcore.broker.share.window import Run, Transition, Window, joined


def run(first: int, last: int, state: RecordState = RecordState.AVAILABLE, count: int = 1) -> Run:
    return Run(first, last, state, count, (first, last))


def window(*runs: Run) -> Window:
    made = Window(runs[0].first if runs else 0)
    for each in runs:
        made.append(each)
    made.note_free()
    return made


def shape(of: Window) -> list[tuple[int, int, int]]:
    return [(each.first, each.last, each.state) for each in of.runs]


def test_an_empty_window_begins_where_its_first_run_does():
    made = Window(5)
    assert (made.in_flight, made.first_free()) == (0, 5)
    made.append(run(8, 9))
    assert (made.start_offset, made.next_offset, made.in_flight) == (8, 10, 2)
    with pytest.raises(AssertionError):
        made.append(run(11, 12))


def test_free_records_come_before_new_ones():
    made = window(run(0, 4, RecordState.ACQUIRED), run(5, 9), run(10, 19, RecordState.ACQUIRED))
    assert made.first_free() == 5
    made.runs[1].begin(Transition(), RecordState.ARCHIVED)
    assert made.first_free() == 20


def test_runs_are_cut_to_fit():
    made = window(run(0, 9), run(10, 19))
    assert [(each.first, each.last) for each in made.exactly(3, 14)] == [(3, 9), (10, 14)]
    assert [each[:2] for each in shape(made)] == [(0, 2), (3, 9), (10, 14), (15, 19)]
    assert [(each.first, each.last) for each in made.overlapping(14, 15)] == [(10, 14), (15, 19)]


def test_a_run_under_a_transition_is_cut_for_that_too():
    made, transition = window(run(0, 9)), Transition()
    made.runs[0].begin(transition, RecordState.ACKNOWLEDGED)
    made.exactly(4, 9)
    assert [(each.first, each.last) for each in transition.runs] == [(0, 3), (4, 9)]
    assert transition.batches() == ((0, 9, 2, 1),)


def test_the_start_passes_what_is_over():
    over = RecordState.ACKNOWLEDGED
    made = window(run(0, 4, over), run(5, 9, over), run(10, 19), run(20, 29, over))
    assert made.complete_count == 20
    assert made.advance()
    assert (made.start_offset, made.complete_count) == (10, 10)
    assert not made.advance()
    made.runs[0].state = RecordState.ARCHIVED
    assert made.advance()
    assert (made.start_offset, made.next_offset, made.in_flight) == (30, 30, 0)


def test_the_start_waits_for_transitions():
    made, transition = window(run(0, 4)), Transition()
    made.runs[0].begin(transition, RecordState.ACKNOWLEDGED)
    assert not made.advance()


def test_what_the_log_let_go_of_is_dropped():
    made = window(run(0, 9), run(10, 19, RecordState.ACKNOWLEDGED), run(20, 29))
    made.drop_before(0)
    assert made.start_offset == 0
    made.drop_before(4)
    assert (made.start_offset, shape(made)[0]) == (4, (4, 9, 0))
    made.drop_before(12)
    assert (made.start_offset, len(made.runs)) == (20, 1)
    made.drop_before(77)
    assert (made.start_offset, made.next_offset, made.runs) == (77, 77, [])


def test_free_records_without_a_log_are_archived():
    made = window(run(0, 9), run(10, 19, RecordState.ACQUIRED), run(20, 29))
    made.archive_free(0, 24)
    assert made.start_offset == 10
    assert shape(made) == [(10, 19, 1), (20, 24, 4), (25, 29, 0)]
    made.archive_free(90, 99)
    assert made.next_offset == 30


def test_neighbours_of_one_state_are_kept_together():
    runs = [run(5, 9, RecordState.ACQUIRED), run(0, 4, RecordState.ACQUIRED), run(10, 12, count=2)]
    assert joined(runs) == ((0, 9, 1, 1), (10, 12, 0, 2))
