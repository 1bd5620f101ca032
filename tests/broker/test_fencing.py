"""Old clients are told of fencing in the word they know; answers of what was done."""

import pytest

from logcore.broker.fencing import answer_with, told
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    InvalidProducerEpochError,
    InvalidTxnStateError,
    ProducerFencedError,
)


def test_only_old_clients_and_only_fencing():
    assert isinstance(told(ProducerFencedError("x"), 1, 2), InvalidProducerEpochError)
    assert isinstance(told(ProducerFencedError("x"), 2, 2), ProducerFencedError)
    assert isinstance(told(InvalidTxnStateError("x"), 1, 2), InvalidTxnStateError)


def test_answers():
    def code(error):
        return error.code

    assert answer_with(Deferred.of(1), str, code).value() == "1"
    failed: Deferred[int] = Deferred.failed(InvalidTxnStateError())
    assert answer_with(failed, str, code).value() == 48
    broken: Deferred[int] = Deferred.failed(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        answer_with(broken, str, code).value()
