"""JSON without a schema."""

import decimal
import math

import pytest

from logcore.common.errors import MalformedDataError, UnfitValueError
from logcore.serialization import JsonDeserializer, JsonSerializer


def test_it_is_compact_and_in_utf_8():
    value = {"b": [1, 2.5, None, True], "a": "gr\u00fc\u00df\u20ac"}
    data = JsonSerializer().serialize("t", value)
    assert data == '{"b":[1,2.5,null,true],"a":"gr\u00fc\u00df\u20ac"}'.encode()
    assert JsonDeserializer().deserialize("t", data) == value


def test_none_is_a_null_of_the_record():
    assert JsonSerializer().serialize("t", None) is None
    assert JsonDeserializer().deserialize("t", None) is None
    assert JsonDeserializer().deserialize("t", b"null") is None


@pytest.mark.parametrize("value", [math.nan, {"a": math.inf}, {1, 2}, b"x", "\ud800"])
def test_a_value_that_json_has_not(value):
    with pytest.raises(UnfitValueError, match="none that JSON has"):
        JsonSerializer().serialize("t", value)


def test_a_program_may_say_how_to_write_others():
    assert JsonSerializer(default=str).serialize("t", decimal.Decimal("1.50")) == b'"1.50"'


DEEP = [b"[" * 200_000, b"{}x", b"NaN", b"", b"\xff", b"9" * 10_000]


@pytest.mark.parametrize("data", DEEP, ids=range(len(DEEP)))
def test_what_is_no_json(data):
    with pytest.raises(MalformedDataError, match="no JSON"):
        JsonDeserializer().deserialize("t", data)
