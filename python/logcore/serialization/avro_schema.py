"""An Avro schema as a graph of types: names are resolved, also those of other schemas.

Invariant: a `Type` that was made is sound: names lead somewhere, records have fields, unions have
branches that can be told apart. What is no schema is a `SchemaError`.
Neighbours: `avro_fit`, `avro_bounds` and `avro_json` walk the graph; `avro` reads and writes with
fastavro, which gets `definition`.
Source: Apache Avro 1.12, Specification, for names, namespaces and types.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from logcore.common.errors import SchemaError

PRIMITIVES: Final = frozenset(
    ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
)
NAMED: Final = frozenset(("record", "error", "enum", "fixed"))
INSIDE: Final = {"array": "items", "map": "values"}
SHORT: Final = 80
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
ABSENT: Final = object()
"""A field's default where it has none; null is one."""


@dataclass(slots=True, eq=False)
class Field:
    """A field of a record."""

    name: str
    type: "Type"
    default: Any = ABSENT
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Type:
    """A type.

    Attributes:
        kind: ``record``, ``union``, ``array``, or another of Avro's words.
        name: The full name of a record, an enum or a fixed.
        logical: The logical type, such as ``decimal``.
        fields: Those of a record.
        parts: The branches of a union, the items of an array, the values of a map.
        symbols: Those of an enum.
        size: The bytes of a fixed.
        more: Other properties, such as ``precision``.
    """

    kind: str
    name: str | None = None
    logical: str | None = None
    fields: list[Field] = field(default_factory=list)
    parts: list["Type"] = field(default_factory=list)
    symbols: tuple[str, ...] = ()
    size: int = 0
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """What it is called in a message."""
        return self.name or self.logical or self.kind

    def needs(self) -> Iterable["Type"]:
        """Return the types right inside it."""
        return [each.type for each in self.fields] or self.parts


def parse(text: str, named: dict[str, Type] | None = None, topic: str | None = None) -> Type:
    """Read a schema.

    Args:
        text: The schema in JSON.
        named: Types that it may name; those that it defines are added.
        topic: For messages.

    Raises:
        SchemaError: If it is none.

    Example:
        >>> parse('{"type": "array", "items": "string"}').parts[0].kind
        'string'
    """
    try:
        return _Parser({} if named is None else named).made(json.loads(text), "")
    except RecursionError:
        raise SchemaError("the schema is nested too deep", topic=topic) from None
    except ValueError as error:
        raise SchemaError(f"no Avro schema: {error}", topic=topic) from None


class _FlawError(ValueError):
    """What is wrong with a schema."""


class _Parser:
    """Makes types of JSON; raises _FlawError for what is none."""

    def __init__(self, named: dict[str, Type]) -> None:
        self._named = named

    def made(self, given: Any, namespace: str) -> Type:  # noqa: ANN401 - JSON
        if isinstance(given, list):
            return self._union(given, namespace)
        told = {"type": given} if isinstance(given, str) else given
        if not isinstance(told, dict) or "type" not in told:
            raise _FlawError(f"{_short(given)} is no type")
        kind = told["type"]
        if not isinstance(kind, str):
            return self.made(kind, namespace)
        return self._of_kind(kind, told, namespace)

    def _of_kind(self, kind: str, given: dict[str, Any], namespace: str) -> Type:
        if kind in NAMED:
            return self._defined(kind, given, namespace)
        if kind in INSIDE:
            return self._many(kind, given, namespace)
        if kind in PRIMITIVES:
            return Type(kind, logical=_logical(given), more=_rest(given, "type", "logicalType"))
        return self._by_name(kind, namespace)

    def _many(self, kind: str, given: dict[str, Any], namespace: str) -> Type:
        key = INSIDE[kind]
        if key not in given:
            raise _FlawError(f"{_short(given)} lacks {key}")
        parts = [self.made(given[key], namespace)]
        return Type(kind, parts=parts, more=_rest(given, "type", key))

    def _by_name(self, name: str, namespace: str) -> Type:
        found = self._named.get(_full(name, namespace)) or self._named.get(name)
        if found is None:
            raise _FlawError(f"there is no type {name}: is it defined, or among the references?")
        return found

    def _union(self, given: list[Any], namespace: str) -> Type:
        made = Type("union", parts=[self.made(each, namespace) for each in given])
        if any(part.kind == "union" for part in made.parts):
            raise _FlawError("a union stands right in a union")
        branches = [part.name or part.kind for part in made.parts]
        if len(set(branches)) < len(branches):
            raise _FlawError(f"a union has two branches that cannot be told apart: {branches}")
        return made

    def _defined(self, kind: str, given: dict[str, Any], namespace: str) -> Type:
        told, spaced = given.get("name"), given.get("namespace", namespace)
        if not isinstance(told, str) or not isinstance(spaced, str):
            raise _FlawError(f"{_short(given)} has no name")
        name = _full(told, spaced)
        if not NAME.fullmatch(name):
            raise _FlawError(f"{name!r} is no name")
        if name in self._named:
            raise _FlawError(f"{name} is defined twice")
        made = self._named[name] = Type(kind, name, _logical(given))
        made.more = _rest(
            given, "type", "name", "namespace", "fields", "symbols", "size", "logicalType"
        )
        if kind == "enum":
            made.symbols = _symbols(given, name)
        elif kind == "fixed":
            made.size = _size(given, name)
        else:
            made.kind = "record"
            made.fields = self._fields(given, name)
        return made

    def _fields(self, given: dict[str, Any], name: str) -> list[Field]:
        listed = given.get("fields")
        if not isinstance(listed, list):
            raise _FlawError(f"{name} has no list of fields")
        fields: dict[str, Field] = {}
        for each in listed:
            if not isinstance(each, dict) or not isinstance(each.get("name"), str):
                raise _FlawError(f"{name} has a field without a name: {_short(each)}")
            if each["name"] in fields:
                raise _FlawError(f"{name}.{each['name']} is there twice")
            if "type" not in each:
                raise _FlawError(f"{name}.{each['name']} has no type")
            made = self.made(each["type"], name.rpartition(".")[0])
            fields[each["name"]] = Field(
                each["name"],
                made,
                each.get("default", ABSENT),
                _rest(each, "name", "type", "default"),
            )
        return list(fields.values())


def reachable(root: Type) -> Iterable[Type]:
    """Yield a type and all that lie inside it, each once."""
    seen = {id(root)}
    todo = [root]
    for each in todo:
        yield each
        for inner in each.needs():
            if id(inner) not in seen:
                seen.add(id(inner))
                todo.append(inner)


def definition(root: Type, *, has_defaults: bool = True) -> Any:  # noqa: ANN401 - JSON
    """Return a type as JSON that needs nothing else: each name is defined where it stands first.

    Args:
        root: The type.
        has_defaults: Whether fields are told with their defaults.
    """
    seen: set[str] = set()

    def told(each: Type) -> Any:  # noqa: ANN401 - JSON
        if each.kind == "union":
            return [told(part) for part in each.parts]
        if each.name in seen:
            return each.name
        made: dict[str, Any] = {**each.more, "type": each.kind}
        if each.logical:
            made["logicalType"] = each.logical
        if each.name is not None:
            seen.add(each.name)
            made["name"] = each.name
        if each.kind in INSIDE:
            made[INSIDE[each.kind]] = told(each.parts[0])
        elif each.kind == "record":
            made["fields"] = [
                _told_field(part, told(part.type), has_defaults) for part in each.fields
            ]
        elif each.kind == "enum":
            made["symbols"] = list(each.symbols)
        elif each.kind == "fixed":
            made["size"] = each.size
        return made

    return told(root)


def _told_field(given: Field, told: Any, has_default: bool) -> dict[str, Any]:  # noqa: ANN401 - JSON
    made = {**given.more, "name": given.name, "type": told}
    if has_default and given.default is not ABSENT:
        made["default"] = given.default
    return made


def _full(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _rest(given: dict[str, Any], *known: str) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in known}


def _logical(given: dict[str, Any]) -> str | None:
    found = given.get("logicalType")
    return found if isinstance(found, str) else None


def _symbols(given: dict[str, Any], name: str) -> tuple[str, ...]:
    symbols = given.get("symbols")
    if not isinstance(symbols, list) or not all(isinstance(each, str) for each in symbols):
        raise _FlawError(f"{name} has no list of symbols")
    if len(set(symbols)) < len(symbols):
        raise _FlawError(f"{name} has a symbol twice")
    return tuple(symbols)


def _size(given: dict[str, Any], name: str) -> int:
    size = given.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise _FlawError(f"{name} has no size")
    return size


def _short(given: object) -> str:
    text = json.dumps(given)
    return text if len(text) < SHORT else f"{text[:SHORT]}..."
