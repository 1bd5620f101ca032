"""Admission: what producers are told when the coordinator does not agree; see also the handlers."""

import pytest

from logcore.broker.transactional_writes import producer_of, translated
from logcore.common import errors
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
