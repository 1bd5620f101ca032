"""What becomes of a batch, by every code that a broker may answer with."""

import pytest

from logcore.common import errors
from logcore.common.errors import KafkaError
from logcore.producer.verdict import Verdict, judge, too_late

CODES = sorted(
    {
        it.code
        for it in vars(errors).values()
        if isinstance(it, type) and issubclass(it, KafkaError) and it is not KafkaError
    }
)
OUT_OF_ORDER, UNKNOWN_PRODUCER, OLD_EPOCH, DUPLICATE, TOO_LARGE = 45, 59, 47, 46, 10


def judged(code, *, count=1, is_first=True, has_sequence=True, in_txn=False):
    return judge(code, count=count, is_first=is_first, has_sequence=has_sequence, in_txn=in_txn)


@pytest.mark.parametrize("code", [0, DUPLICATE])
def test_what_is_in_the_log_is_done(code):
    assert judged(code, is_first=False) is Verdict.DONE


@pytest.mark.parametrize("code", [TOO_LARGE, 18])
def test_what_is_too_large_goes_in_halves_as_long_as_there_are_some(code):
    assert judged(code, count=2) is Verdict.HALVE
    assert judged(code, count=1) is Verdict.FAIL


@pytest.mark.parametrize("code", [OUT_OF_ORDER, UNKNOWN_PRODUCER])
def test_a_sequence_out_of_order_is_good_for_nothing_once_it_is_its_turn(code):
    assert judged(code, is_first=False) is Verdict.AGAIN
    assert judged(code) is Verdict.ANEW
    assert judged(code, in_txn=True) is Verdict.FAIL
    assert judged(code, has_sequence=False) is Verdict.FAIL


def test_an_old_epoch_is_good_for_nothing():
    assert judged(OLD_EPOCH) is Verdict.ANEW
    assert judged(OLD_EPOCH, in_txn=True) is Verdict.FAIL
    assert judged(OLD_EPOCH, has_sequence=False) is Verdict.FAIL


@pytest.mark.parametrize("code", CODES)
def test_every_other_code_is_retried_if_it_passes(code):
    special = {DUPLICATE, TOO_LARGE, 18, OUT_OF_ORDER, UNKNOWN_PRODUCER, OLD_EPOCH, 0}
    if code not in special:
        expected = Verdict.AGAIN if errors.error_for_code(code).retriable else Verdict.FAIL
        for in_txn in (False, True):
            for has_sequence in (False, True):
                assert judged(code, in_txn=in_txn, has_sequence=has_sequence) is expected


def test_a_code_that_nobody_knows_fails_the_batch():
    assert judged(12345) is Verdict.FAIL


def test_what_is_too_late_names_the_place_the_time_and_the_last_reason():
    reason = errors.NotLeaderOrFollowerError("moved")
    error = too_late(("t", 3), 900, reason)
    assert str(error) == (
        "records for t-3 were not acknowledged within delivery.timeout.ms (900 ms): moved"
    )
    assert error.__cause__ is reason
    assert "no broker leads the partition" in str(too_late(("t", 3), 900, None))
