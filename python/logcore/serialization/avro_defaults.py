"""The defaults of an Avro schema's fields as values; fastavro hands them out as they stand in JSON.

There bytes are text, times are numbers, and records lack their inner defaults.
Invariant: each record that is read has defaults of its own; a program may change them.
Neighbours: `avro` gives fastavro's schemas the defaults of here, and has what it reads filled;
`avro_fit` says whether a default is one; `avro_branches` names its branches.
"""

import io
from collections.abc import Callable, Iterator
from typing import Any, Final

from logcore.serialization.avro_branches import branches_of, is_open
from logcore.serialization.avro_fit import fit_of
from logcore.serialization.avro_schema import ABSENT, Field, Type, definition, reachable
from logcore.serialization.extras import extra

Json = Any
Spelled = Callable[[Type], str]
MUTABLE: Final = (list, dict, tuple)


def records_of(root: Type) -> Iterator[Type]:
    """Yield the records in a type."""
    return (each for each in reachable(root) if each.kind == "record")


def put_defaults(root: Type, named: dict[str, Any], of: Callable[[Any, Type], Any]) -> None:
    """Give fastavro's schemas the defaults of their fields.

    Args:
        root: The type.
        named: fastavro's schemas by their names, parsed without defaults.
        of: Makes a default of its value, and the field's type.

    Raises:
        ValueError: If a default does not fit its field.
    """
    spelled = speller(named)
    for record in records_of(root):
        for field, told in zip(record.fields, named[spelled(record)]["fields"], strict=True):
            if field.default is not ABSENT:
                told["default"] = of(default_of(record, field), field.type)


def default_of(record: Type, field: Field) -> Any:  # noqa: ANN401 - of any type
    """Return a field's default as a value that can be written.

    Raises:
        ValueError: If it does not fit the field.

    Example:
        >>> default_of(Type("record", "R"), Field("mark", Type("bytes"), default="x"))
        b'x'
    """
    value: Any = None
    try:
        value = _valued(field.default, field.type)
        problem = fit_of(field.type)(value, 0)
    except RecursionError:
        problem = ": it has itself inside"
    except ValueError as error:
        problem = f": {error}"
    if problem is not None:
        raise ValueError(f"the default of {record.shown}.{field.name} does not fit{problem}")
    return value


def _valued(given: Json, each: Type) -> Any:  # noqa: ANN401, PLR0911 - a table of types
    match each.kind:
        case "bytes" | "fixed" if isinstance(given, str):
            return given.encode("latin-1")
        case "float" | "double" if isinstance(given, str):
            return float(given)
        case "array" if isinstance(given, list):
            return [_valued(part, each.parts[0]) for part in given]
        case "map" if isinstance(given, dict):
            return {name: _valued(part, each.parts[0]) for name, part in given.items()}
        case "record" if isinstance(given, dict):
            told = {f.name: (given.get(f.name, f.default), f.type) for f in each.fields}
            return {name: _valued(*pair) for name, pair in told.items() if pair[0] is not ABSENT}
        case "union":
            return _of_union(given, each)
        case _:
            return given


def _of_union(given: Json, union: Type) -> Any:  # noqa: ANN401 - of any type
    """Return the value of the first branch that has one, as older schemas mean only the first."""
    for part in union.parts:
        try:
            value = _valued(given, part)
        except ValueError:
            continue
        if fit_of(part)(value, 0) is None:
            is_plain = part.kind == "null" or not is_open(union)
            return value if is_plain else (part.name or part.kind, value)
    raise ValueError(f"{given!r} is none of {', '.join(part.shown for part in union.parts)}")


class Fresh:
    """A default that is made anew for each record.

    Args:
        value: The default, as it can be written.
        each: Its type.
        options: How fastavro reads it.
    """

    def __init__(self, value: Any, each: Type, options: dict[str, Any]) -> None:  # noqa: ANN401
        fastavro = extra("fastavro", "avro")
        named: dict[str, Any] = {}
        self._schema = fastavro.parse_schema(definition(each, has_defaults=False), named)
        self._read, self._options = fastavro.schemaless_reader, options
        branches = branches_of(each, speller(named))
        sink = io.BytesIO()
        told = value if branches is None else branches(value)
        fastavro.schemaless_writer(sink, self._schema, told)
        self._data = sink.getvalue()

    def made(self) -> Any:  # noqa: ANN401 - of any type
        """Return the default, of which nobody else has a part."""
        return self._read(io.BytesIO(self._data), self._schema, None, **self._options)

    def made_or_self(self) -> Any:  # noqa: ANN401 - of any type
        """Return the default where it cannot be changed, else what makes it."""
        value = self.made()
        return self if isinstance(value, MUTABLE) else value


def filled(value: Any) -> Any:  # noqa: ANN401 - of any type
    """Return a value that was read, with what is `Fresh` in it made."""
    todo = [value]
    for each in todo:
        if isinstance(each, dict):
            for name, part in each.items():
                if type(part) is Fresh:
                    each[name] = part.made()
                elif isinstance(part, MUTABLE):
                    todo.append(part)
        elif isinstance(each, list | tuple):
            todo += [part for part in each if isinstance(part, MUTABLE)]
    return value


def may_lack(writer: Type, reader: Type) -> bool:
    """Whether data of a writer may lack fields of its reader that have a default.

    Example:
        >>> from logcore.serialization.avro_schema import parse
        >>> old = parse('{"type": "record", "name": "R", "fields": []}')
        >>> new = parse('{"type": "record", "name": "x.R", "fields": ['
        ...             '{"name": "n", "type": {"type": "array", "items": "int"}, "default": []}]}')
        >>> may_lack(old, new), may_lack(new, old), may_lack(new, new)
        (True, False, False)
    """
    theirs = [(_called(each), {field.name for field in each.fields}) for each in records_of(writer)]
    return any(
        there.isdisjoint({field.name, *_aliases(field.more)})
        for record in records_of(reader)
        for names, there in theirs
        if not names.isdisjoint(_called(record))
        for field in record.fields
        if isinstance(field.default, MUTABLE)
    )


def _called(record: Type) -> set[str]:
    """Return what a record may be known by: fastavro asks for no namespace."""
    names = {record.name or "", *_aliases(record.more)}
    return names | {each.rpartition(".")[2] for each in names}


def _aliases(more: dict[str, Any]) -> list[str]:
    found = more.get("aliases")
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def speller(named: dict[str, Any]) -> Spelled:
    """Return what tells fastavro's name of a type: it puts one without a namespace into one.

    Args:
        named: fastavro's schemas by their names.
    """

    def spelled(each: Type) -> str:
        name = each.name or each.kind
        if each.name is None or name in named:
            return name
        return next((known for known in named if known.endswith(f".{name}")), name)

    return spelled
