"""What a leaf loses of its values."""

import datetime
import decimal
import math
import uuid

import pytest

from logcore.serialization.avro_loss import CUT, EXACT, LOST, MOVED, RETYPED, WIDENED, loss_of
from logcore.serialization.avro_schema import Type

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=datetime.UTC)
ODD = NOW.replace(microsecond=6007)
PRICE = Type("bytes", logical="decimal", more={"precision": 4, "scale": 2})


@pytest.mark.parametrize(
    ("leaf", "value", "loss"),
    [
        (Type("double"), 0.1, EXACT), (Type("double"), 5, WIDENED),
        (Type("double"), 2**53 + 1, CUT),
        (Type("double"), 10**400, LOST), (Type("float"), 0.5, WIDENED), (Type("float"), 0.1, CUT),
        (Type("float"), math.nan, WIDENED), (Type("float"), math.inf, WIDENED),
        (Type("float"), 2**24 + 1, CUT), (Type("float"), 2**200, LOST),
        (Type("int", logical="date"), NOW.date(), EXACT), (Type("int", logical="date"), 5, RETYPED),
        (Type("int", logical="time-millis"), NOW.time(), EXACT),
        (Type("int", logical="time-millis"), ODD.time(), CUT),
        (Type("long", logical="time-micros"), ODD.time(), EXACT),
        (Type("long", logical="timestamp-millis"), ODD, CUT),
        (Type("long", logical="timestamp-micros"), ODD, EXACT),
        (Type("long", logical="timestamp-micros"), ODD.replace(tzinfo=None), MOVED),
        (Type("long", logical="local-timestamp-millis"), NOW, MOVED),
        (Type("long", logical="timestamp-nanos"), NOW, LOST),
        (Type("long", logical="timestamp-nanos"), 5, EXACT),
        (Type("string", logical="uuid"), uuid.UUID(int=1), EXACT),
        (Type("string", logical="uuid"), str(uuid.UUID(int=1)), RETYPED),
        (Type("string", logical="uuid"), "x", LOST),
        (Type("fixed", logical="uuid", size=16), uuid.UUID(int=1), LOST),
        (PRICE, decimal.Decimal("12.34"), EXACT), (PRICE, decimal.Decimal("1.234"), LOST),
        (PRICE, decimal.Decimal("123.45"), LOST), (PRICE, decimal.Decimal("NaN"), LOST),
        (PRICE, b"\1", RETYPED),
    ],
)  # fmt: skip
def test_loss(leaf, value, loss):
    found = loss_of(leaf)
    assert found is not None
    assert found(value) == loss


@pytest.mark.parametrize("kind", ["null", "boolean", "int", "long", "string", "bytes", "record"])
def test_most_types_lose_nothing(kind):
    assert loss_of(Type(kind)) is None
    assert loss_of(Type(kind, logical="strange")) is None
