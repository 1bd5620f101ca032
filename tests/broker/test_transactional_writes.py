"""Admission: what producers are told when the coordinator does not agree; see also the handlers."""

import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from logcore.broker.transactional_writes import Sender, Support, admit, producer_of, translated
from logcore.common import errors
from logcore.common.deferred import Deferred
from logcore.coordinator.transaction.service import ProducerIdentity
from tests.broker.batches import batch


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        (errors.ProducerFencedError, errors.InvalidProducerEpochError),
        (errors.ConcurrentTransactionsError, errors.NotEnoughReplicasError),
        (errors.CoordinatorLoadInProgressError, errors.NotEnoughReplicasError),
        (errors.CoordinatorNotAvailableError, errors.NotEnoughReplicasError),
        (errors.NotCoordinatorError, errors.NotEnoughReplicasError),
        (errors.InvalidProducerIdMappingError, errors.InvalidProducerIdMappingError),
        (errors.InvalidRequestError, errors.InvalidRequestError),
    ],
)
def test_what_a_producer_is_told(happened, told):
    assert type(translated(happened("why"))) is told


def test_the_producer_of_a_batch():
    records = memoryview(batch([b"x"], producer=(5, 6, 7)))
    assert producer_of(records) == ((5, 6), 7)


def test_a_guard_that_the_end_before_took_away_is_asked_for_again():
    guards, answer = itertools.count(1), Deferred[None]()
    log = SimpleNamespace(start_verification=lambda *_: next(guards))
    parts: Any = SimpleNamespace(
        replicas=SimpleNamespace(get=lambda *_: SimpleNamespace(log=log)),
        transactions=SimpleNamespace(add_partitions_patiently=lambda *_: answer),
    )
    sender = Sender("t", ProducerIdentity(5, 6), Support(adds=True, has_abortable=True))
    admitted = admit(parts, sender, {("topic", 0): 0})
    answer.complete(None)
    assert admitted.value() == {("topic", 0): 2}
