"""Avro values as JSON that people read and write: no branches named, times as ISO 8601.

Bytes are text in which each character is a byte, as in Avro's own JSON; a decimal is its digits.
Invariant: what `to_json` made of a value, `from_json` makes into an equal one, but where a union
has two branches that look alike: there the first that fits is taken. It takes Avro's own JSON, too.
Neighbours: the command line shows values with it, and reads them.
"""

import datetime
import decimal
import math
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from logcore.common.errors import UnfitValueError
from logcore.serialization.avro_fit import fit_of
from logcore.serialization.avro_schema import Type

Json = Any
WORDS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""Numbers that JSON lacks."""


def to_json(value: object) -> Json:  # noqa: PLR0911 - a table of types
    """Return a value that was read from Avro as JSON has it.

    Example:
        >>> to_json({"at": datetime.date(2026, 1, 31), "price": decimal.Decimal("1.50")})
        {'at': '2026-01-31', 'price': '1.50'}
    """
    match value:
        case Mapping():
            return {str(key): to_json(part) for key, part in value.items()}
        case list() | tuple():
            return [to_json(part) for part in value]
        case bytes() | bytearray():
            return value.decode("latin-1")
        case datetime.date() | datetime.time():
            return value.isoformat()
        case decimal.Decimal():
            return format(value, "f")
        case UUID():
            return str(value)
        case float() if not math.isfinite(value):
            return next(word for word, number in WORDS.items() if repr(number) == repr(value))
        case _:
            return value


READERS: Final[dict[str, Callable[[str], object]]] = {
    "date": datetime.date.fromisoformat,
    "time-millis": datetime.time.fromisoformat,
    "time-micros": datetime.time.fromisoformat,
    "timestamp-millis": datetime.datetime.fromisoformat,
    "timestamp-micros": datetime.datetime.fromisoformat,
    "local-timestamp-millis": datetime.datetime.fromisoformat,
    "local-timestamp-micros": datetime.datetime.fromisoformat,
    "decimal": decimal.Decimal,
}
"""Logical type -> what makes its value of text."""


def from_json(value: Json, each: Type) -> Any:  # noqa: ANN401 - whatever the schema has
    """Return a value of JSON as Avro's writer takes it.

    Raises:
        UnfitValueError: If text of it is no time, decimal or bytes where the schema has one. What
            else does not fit, the writer tells.
    """
    match each.kind:
        case "record" if isinstance(value, dict):
            types = {field.name: field.type for field in each.fields}
            return {
                name: from_json(part, types[name]) if name in types else part
                for name, part in value.items()
            }
        case "union":
            return _of_union(value, each)
        case "array" if isinstance(value, list):
            return [from_json(part, each.parts[0]) for part in value]
        case "map" if isinstance(value, dict):
            return {name: from_json(part, each.parts[0]) for name, part in value.items()}
        case _:
            return _of_leaf(value, each)


def _of_union(value: Json, each: Type) -> Any:  # noqa: ANN401 - whatever the schema has
    if isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
        named = next((part for part in each.parts if name in (part.name, part.kind)), None)
        if named is not None and (named.kind not in ("map", "record") or isinstance(inner, dict)):
            return name, from_json(inner, named)
    for part in each.parts:
        try:
            made = from_json(value, part)
        except UnfitValueError:
            continue
        if fit_of(part)(made, 0) is None:
            return made if part.name is None or part.kind != "record" else (part.name, made)
    return value


def _of_leaf(value: Json, each: Type) -> Any:  # noqa: ANN401 - whatever the schema has
    if each.logical == "decimal" and isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str):
        return value
    try:
        if each.logical in READERS and each.kind != "string":
            return READERS[each.logical](value)
        if each.kind in ("bytes", "fixed"):
            return value.encode("latin-1")
    except (ValueError, decimal.InvalidOperation) as error:
        raise UnfitValueError(f"{value!r} is no {each.shown}: {error}") from None
    return WORDS.get(value, value) if each.kind in ("float", "double") else value
