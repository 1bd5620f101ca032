"""What protocol code may raise, and under which roofs it is caught."""

import pytest

from logcore.common.errors import LogcoreError
from logcore.protocol import errors


@pytest.mark.parametrize(
    "error",
    [
        errors.MalformedMessageError,
        errors.FrameSizeError,
        errors.UnencodableMessageError,
        errors.UnknownRecordTypeError,
    ],
)
def test_each_is_one_of_ours(error):
    assert issubclass(error, LogcoreError)


def test_a_frame_of_impossible_size_is_malformed():
    assert issubclass(errors.FrameSizeError, errors.MalformedMessageError)


def test_a_value_that_does_not_fit_is_a_value_error():
    assert issubclass(errors.UnencodableMessageError, ValueError)
