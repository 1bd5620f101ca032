"""What a group coordinator without a share coordinator says."""

import pytest

from logcore.common.errors import CoordinatorNotAvailableError
from logcore.coordinator.group.share.states import MISSING_STATES
from tests.coordinator.share.bench import KEY


def test_everything_fails_with_the_reason():
    for asked in (
        MISSING_STATES.initialise(KEY, 1, 0),
        MISSING_STATES.delete(KEY),
        MISSING_STATES.summary(KEY),
    ):
        assert isinstance(asked.error, CoordinatorNotAvailableError)
    with pytest.raises(CoordinatorNotAvailableError):
        MISSING_STATES.end_offset("t", 0)
