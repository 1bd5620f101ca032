"""What a leaf of an Avro schema loses of a value that fits it.

Invariant: of two leaves, the one with the smaller loss gives back what is nearer to the value.
Neighbours: `avro_branches` compares the branches of a union by it; `avro_fit` has seen the value.
"""

import datetime
import decimal
import struct
import uuid
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from logcore.serialization.avro_schema import Type

Loss: TypeAlias = Callable[[Any], int]
EXACT: Final = 0
"""The same value comes back."""
WIDENED: Final = 1
"""An equal one does, of another type: 5 as 5.0."""
RETYPED: Final = 2
"""It stands for another: 5 as the sixth of January 1970."""
CUT: Final = 3
"""Digits are lost."""
MOVED: Final = 4
"""A time gets a zone that it did not have, or loses it."""
LOST: Final = 5
"""It cannot be written, or not be read."""


def loss_of(each: Type) -> Loss | None:
    """Return what tells the loss of a leaf's values; None if it has none.

    Example:
        >>> loss = loss_of(Type("double"))
        >>> loss(2**53 + 1) == CUT, loss(0.1) == EXACT
        (True, True)
    """
    if each.logical == "decimal" and each.kind in ("bytes", "fixed"):
        return lambda value: _of_decimal(value, each)
    return LOSSES.get((each.kind, each.logical or "")) or LOSSES.get((each.kind, ""))


def _of_double(value: float | int) -> int:
    if isinstance(value, float):
        return EXACT
    try:
        return WIDENED if int(float(value)) == value else CUT
    except OverflowError:
        return LOST


def _of_float(value: float) -> int:
    try:
        (back,) = struct.unpack("<f", struct.pack("<f", value))
    except (OverflowError, struct.error):
        return LOST
    return WIDENED if back == value or value != value else CUT  # noqa: PLR0124 - NaN


def _of_date(value: object) -> int:
    return EXACT if isinstance(value, datetime.date) else RETYPED


def _of_time(unit_us: int) -> Loss:
    def loss(value: Any) -> int:  # noqa: ANN401 - a time or a number
        if not isinstance(value, datetime.time):
            return RETYPED
        return CUT if value.microsecond % unit_us else EXACT

    return loss


def _of_stamp(unit_us: int, *, is_local: bool) -> Loss:
    def loss(value: Any) -> int:  # noqa: ANN401 - a datetime or a number
        if not isinstance(value, datetime.datetime):
            return RETYPED
        if (value.tzinfo is None) is not is_local:
            return MOVED
        return CUT if value.microsecond % unit_us else EXACT

    return loss


def _of_nanos(value: object) -> int:
    """Loses a datetime: fastavro takes only numbers for it."""
    return LOST if isinstance(value, datetime.datetime) else EXACT


def _of_text(value: object) -> int:
    if isinstance(value, uuid.UUID):
        return EXACT
    try:
        uuid.UUID(str(value))
    except ValueError:
        return LOST
    return RETYPED


def _of_fixed(value: object) -> int:
    """Loses a UUID: fastavro writes none as bytes."""
    return LOST if isinstance(value, uuid.UUID) else EXACT


def _of_decimal(value: object, each: Type) -> int:
    if not isinstance(value, decimal.Decimal):
        return RETYPED
    _, digits, exponent = value.as_tuple()
    precision, scale = each.more.get("precision", 0), each.more.get("scale", 0)
    is_whole = isinstance(exponent, int) and exponent + scale >= 0
    return EXACT if is_whole and len(digits) <= precision else LOST


MILLIS_US: Final = 1000
LOSSES: Final[dict[tuple[str, str], Loss]] = {
    ("float", ""): _of_float,
    ("double", ""): _of_double,
    ("int", "date"): _of_date,
    ("int", "time-millis"): _of_time(MILLIS_US),
    ("long", "time-micros"): _of_time(1),
    ("long", "timestamp-millis"): _of_stamp(MILLIS_US, is_local=False),
    ("long", "timestamp-micros"): _of_stamp(1, is_local=False),
    ("long", "timestamp-nanos"): _of_nanos,
    ("long", "local-timestamp-millis"): _of_stamp(MILLIS_US, is_local=True),
    ("long", "local-timestamp-micros"): _of_stamp(1, is_local=True),
    ("string", "uuid"): _of_text,
    ("fixed", "uuid"): _of_fixed,
}
