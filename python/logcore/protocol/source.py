"""Source text of a compiled codec: lines, and the objects that they name.

Invariant: nothing from outside enters the text; names of fields and classes come from our tables,
and every other object is bound by name in the namespace that the text runs in.
Neighbours: `reading` and `writing` write it; `codec` runs it.
"""

import itertools
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from logcore.protocol.field import Field, StructMeta, parse_versions
from logcore.protocol.wire import FORMATS, SIZES


class Source:
    """Lines of Python in the making.

    Attributes:
        namespace: The objects the lines speak of, by name.
    """

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {}
        self._names: dict[Hashable, str] = {}
        self._lines: list[str] = []
        self._indent = 0
        self._numbers = itertools.count()

    def line(self, text: str) -> None:
        """Add a line."""
        self._lines.append("    " * self._indent + text)

    @contextmanager
    def block(self, opening: str) -> Iterator[None]:
        """Add a line that opens a block, and indent what is added inside."""
        self.line(opening)
        self._indent += 1
        yield
        self._indent -= 1

    @contextmanager
    def function(self, opening: str) -> Iterator[None]:
        """Add a function in front of all that is there so far."""
        outer, self._lines = self._lines, []
        indent, self._indent = self._indent, 0
        with self.block(opening):
            yield
        self._lines += outer
        self._indent = indent

    def fresh(self, prefix: str) -> str:
        """Make up a name that nothing has yet."""
        return f"{prefix}{next(self._numbers)}"

    def bind(self, value: object, prefix: str) -> str:
        """Name an object, the same name for the same object."""
        return self.bind_once(id(value), lambda: value, prefix)

    def bind_once(self, key: Hashable, make: Callable[[], object], prefix: str) -> str:
        """Name what `make` returns, which is asked once per key."""
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = self.fresh(prefix)
            self.namespace[name] = make()
        return name

    def text(self) -> str:
        """Return what was written."""
        return "\n".join(self._lines) + "\n"

    def compile(self, name: str, title: str) -> Any:  # noqa: ANN401 - whatever the text defines
        """Run the lines and return what they called `name`."""
        exec(compile(self.text(), f"<{title}>", "exec"), self.namespace)  # noqa: S102 - ours
        return self.namespace[name]


@cache
def versions_of(text: str) -> range:
    """Parse a range of versions, once per spelling."""
    return parse_versions(text)


def exists(field: Field, version: int) -> bool:
    """Whether a version of the message has the field."""
    return version in versions_of(field.versions)


def may_be_null(field: Field, version: int) -> bool:
    """Whether the field may be null in a version."""
    return version in versions_of(field.nullable)


def reaches(cls: StructMeta, kinds: set[str]) -> bool:
    """Whether a struct has fields of certain kinds, itself or in what it contains."""
    return any(
        field.kind in kinds or (field.of is not None and reaches(field.of, kinds))
        for field in cls.FIELDS.values()
    )


def size_min(cls: StructMeta, version: int, *, flexible: bool) -> int:
    """Return the fewest bytes a struct can have; no element of an array has less."""
    size = int(flexible)
    for field in cls.FIELDS.values():
        if exists(field, version) and field.tag is None:
            size += _field_size_min(field, version, flexible=flexible)
    return size


def element_size_min(field: Field, version: int, *, flexible: bool) -> int:
    """Return the fewest bytes an element of an array can have."""
    if field.of is not None:
        size = size_min(field.of, version, flexible=flexible)
    elif field.kind in FORMATS:
        size = SIZES[field.kind]
    else:
        size = _prefix_size(field.kind, flexible=flexible)
    assert size > 0, "an element without bytes would make a count unbounded"
    return size


def _field_size_min(field: Field, version: int, *, flexible: bool) -> int:
    if field.is_array:
        return 1 if flexible else 4
    if field.of is not None:
        return 1 if may_be_null(field, version) else size_min(field.of, version, flexible=flexible)
    if field.kind in FORMATS:
        return SIZES[field.kind]
    return _prefix_size(field.kind, flexible=flexible)


def _prefix_size(kind: str, *, flexible: bool) -> int:
    if flexible:
        return 1
    return 2 if kind == "string" else 4
