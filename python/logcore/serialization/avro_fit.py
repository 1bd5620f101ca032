"""Says whether a value fits an Avro schema, and if not, where and why.

fastavro writes some values that do not fit, without a word: 1.5 as the int 1, 2**40 as an int that
Java cannot read, "no" as true. It also goes as deep as a value does, past the end of its stack.
Invariant: what passes here can be written without loss; it is walked no deeper than `DEPTH_MAX`.
Neighbours: `avro` asks before it writes; `avro_schema` makes the types.
"""

import datetime
import decimal
import functools
import reprlib
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from logcore.common.config import nearest
from logcore.serialization.avro_schema import ABSENT, Type

DEPTH_MAX: Final = 500
"""Values inside each other; many times what data is, and little of what a stack holds."""
Fit: TypeAlias = Callable[[Any, int], str | None]
"""Takes a value and how deep it lies; returns where and why it does not fit, or None."""

INT: Final = range(-(2**31), 2**31)
LONG: Final = range(-(2**63), 2**63)
FLOAT_MAX: Final = 3.4028235677973366e38
INFINITE: Final = (float("inf"), float("-inf"))
DATE: Final = datetime.date
TIME: Final = datetime.time
STAMP: Final = datetime.datetime
SHORT: Final = reprlib.Repr()
"""Shows the beginning of a value, however large or deep it is."""
SHORT.maxother = SHORT.maxstring = 60
LOGICAL: Final[dict[tuple[str, str], type | tuple[type, ...]]] = {
    ("int", "date"): DATE,
    ("int", "time-millis"): TIME,
    ("long", "time-micros"): TIME,
    ("long", "timestamp-millis"): STAMP,
    ("long", "timestamp-micros"): STAMP,
    ("long", "timestamp-nanos"): STAMP,
    ("long", "local-timestamp-millis"): STAMP,
    ("long", "local-timestamp-micros"): STAMP,
    ("bytes", "decimal"): decimal.Decimal,
    ("fixed", "decimal"): decimal.Decimal,
    ("string", "uuid"): uuid.UUID,
    ("fixed", "uuid"): uuid.UUID,
}
"""What Python has for a logical type, besides the type that it is made of."""


def fit_of(root: Type) -> Fit:
    """Return what says whether a value fits a type.

    Example:
        >>> from logcore.serialization.avro_schema import parse
        >>> fit = fit_of(parse('{"type": "map", "values": "int"}'))
        >>> fit({"a": 1}, 0), fit({"a": 1.5}, 0)
        (None, "['a']: 1.5 is no int")
    """
    fit = fits()(root)

    def whole(value: Any, depth: int) -> str | None:  # noqa: ANN401 - whatever it is
        try:
            return fit(value, depth)
        except RecursionError:
            return ": it is nested too deep"

    return whole


def fits() -> Callable[[Type], Fit]:
    """Return what makes the fits of types that belong together, each once."""
    made: dict[str, Fit] = {}

    def build(each: Type) -> Fit:
        if each.name is None:
            return _built(each, build)
        if each.name not in made:
            # What is recursive finds itself here, before it is done.
            name = each.name
            made[name] = functools.partial(_later, made, name)
            made[name] = _built(each, build)
        return made[each.name]

    return build


def _later(made: dict[str, Fit], name: str, value: Any, depth: int) -> str | None:  # noqa: ANN401
    return made[name](value, depth)


def _built(each: Type, build: Callable[[Type], Fit]) -> Fit:
    match each.kind:
        case "record":
            return _record(each, build)
        case "union":
            return _union(each, build)
        case "array" | "map":
            return _many(each, build(each.parts[0]))
        case "enum":
            return _enum(each)
        case _:
            return _leaf(each)


def _leaf(each: Type) -> Fit:
    more = LOGICAL.get((each.kind, each.logical or ""))
    accepts = LEAVES[each.kind]
    size, shown = each.size, each.shown

    def fit(value: Any, _: int) -> str | None:  # noqa: ANN401 - whatever it is
        if accepts(value):
            if size and len(value) != size:
                return f": {len(value)} bytes are not the {size} of {shown}"
            return None
        # A datetime is a date, too; as such it would lose its time.
        is_cut = more is DATE and isinstance(value, STAMP)
        if more is not None and isinstance(value, more) and not is_cut:
            return None
        return f": {_short(value)} is no {shown}"

    return fit


LEAVES: Final[dict[str, Callable[[Any], bool]]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: value is True or value is False,
    "int": lambda value: type(value) is int and value in INT,
    "long": lambda value: type(value) is int and value in LONG,
    "float": lambda value: (
        isinstance(value, float | int)
        and not isinstance(value, bool)
        and (abs(value) <= FLOAT_MAX or value in INFINITE or value != value)  # noqa: PLR0124 - NaN
    ),
    "double": lambda value: isinstance(value, float | int) and not isinstance(value, bool),
    "bytes": lambda value: isinstance(value, bytes | bytearray),
    "string": lambda value: isinstance(value, str),
    "fixed": lambda value: isinstance(value, bytes | bytearray),
}


def _enum(each: Type) -> Fit:
    symbols, shown = frozenset(each.symbols), each.shown

    def fit(value: Any, _: int) -> str | None:  # noqa: ANN401 - whatever it is
        if isinstance(value, str) and value in symbols:
            return None
        return f": {_short(value)} is no {shown}: there are {', '.join(each.symbols)}"

    return fit


def _record(each: Type, build: Callable[[Type], Fit]) -> Fit:
    fields = [(f.name, build(f.type), f.default is not ABSENT, f.type) for f in each.fields]
    names = frozenset(f.name for f in each.fields)
    shown = each.shown

    def fit(value: Any, depth: int) -> str | None:  # noqa: ANN401 - whatever it is
        if not isinstance(value, Mapping):
            return f": {_short(value)} is no {shown}: give a dict, or to_dict"
        if depth > DEPTH_MAX:
            return ": it is nested too deep"
        for name, inner, has_default, _ in fields:
            if name in value:
                problem = inner(value[name], depth + 1)
                if problem is not None:
                    return f".{name}{problem}"
            elif not has_default:
                return f": {shown} lacks {name}, which has no default"
        if len(value) > len(fields) or not names.issuperset(value):
            return _unknown(value, names, shown)
        return None

    return fit


def _unknown(value: Mapping[Any, Any], names: frozenset[str], shown: str) -> str | None:
    for name in value:
        if name not in names and name != "-type":
            near = nearest(str(name), names)
            hint = f" (did you mean {near}?)" if near else ""
            return f": {shown} has no field {name}{hint}"
    return None


def _many(each: Type, inner: Fit) -> Fit:
    is_map = each.kind == "map"

    def fit(value: Any, depth: int) -> str | None:  # noqa: ANN401 - whatever it is
        if is_map:
            if not isinstance(value, Mapping):
                return f": {_short(value)} is no map: give a dict"
            if not all(isinstance(key, str) for key in value):
                return ": a map has a key that is no text"
            parts = value.items()
        else:
            if not isinstance(value, list | tuple):
                return f": {_short(value)} is no array: give a list"
            parts = enumerate(value)  # type: ignore[assignment]
        if depth > DEPTH_MAX:
            return ": it is nested too deep"
        for key, part in parts:
            problem = inner(part, depth + 1)
            if problem is not None:
                return f"[{key!r}]{problem}"
        return None

    return fit


def _union(each: Type, build: Callable[[Type], Fit]) -> Fit:
    branches = [build(part) for part in each.parts if part.kind != "null"]
    takes_null = len(branches) < len(each.parts)
    by_name = {part.name or part.kind: build(part) for part in each.parts}
    names = ", ".join(by_name)
    only = branches[0] if len(branches) == 1 else None

    def fit(value: Any, depth: int) -> str | None:  # noqa: ANN401 - whatever it is
        if value is None and takes_null:
            return None
        if depth > DEPTH_MAX:
            return ": it is nested too deep"
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):  # noqa: PLR2004
            named = by_name.get(value[0])
            return named(value[1], depth) if named else f": the union has no {value[0]}: {names}"
        if only is not None:
            return only(value, depth)
        if any(branch(value, depth) is None for branch in branches):
            return None
        return f": {_short(value)} is none of {names}"

    return fit


def _short(value: object) -> str:
    text = SHORT.repr(value)
    return text if len(text) < SHORT.maxother else f"{text[: SHORT.maxother]}..."
