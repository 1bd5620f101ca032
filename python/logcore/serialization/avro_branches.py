"""Chooses the branch of a union that each value is written into, and names it for fastavro.

fastavro takes the first branch that it could write at all: a datetime becomes a date, and 2**60 + 1
a double. Here the branch is taken that keeps most of the value, the first of equal ones.
Invariant: a union is left to fastavro only where no value fits two of its branches.
Neighbours: `avro` writes what this makes of a value; `avro_loss` says what a leaf loses; `avro_fit`
has seen the value before.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from logcore.serialization.avro_fit import Fit, fits
from logcore.serialization.avro_loss import EXACT, loss_of
from logcore.serialization.avro_schema import Type, reachable

Seen: TypeAlias = dict[tuple[int, int], tuple[Any, int, Any]]
"""Union and value -> the value, kept so that no other gets its id; the loss; what is written."""
Pick: TypeAlias = Callable[[Any, Seen], tuple[int, Any]]
"""Takes a value that fits; returns what it loses, and the value with its branches named."""
FAMILIES: Final = {
    "int": "number", "long": "number", "float": "number", "double": "number", "string": "text",
    "enum": "text", "bytes": "bytes", "fixed": "bytes", "boolean": "boolean", "array": "array",
    "map": "mapping", "record": "mapping",
}  # fmt: skip
"""Kind -> what Python has for it, where no logical type says otherwise."""
HINT: Final = "-type"
"""What names a record's type inside of it, for fastavro."""
CONTAINERS: Final = (Mapping, list, tuple)


@dataclass(frozen=True, slots=True)
class _Branch:
    type: Type
    name: str
    fit: Fit
    pick: Pick | None


def branches_of(root: Type, spelled: Callable[[Type], str]) -> Callable[[Any], Any] | None:
    """Return what names the branches in values of a type; None if nothing needs it.

    Args:
        root: The type.
        spelled: Returns what fastavro calls a branch.

    Example:
        >>> from logcore.serialization.avro_schema import parse
        >>> named = branches_of(parse('["double", "long"]'), lambda each: each.kind)
        >>> named(5), named(0.5)
        (('long', 5), ('double', 0.5))
    """
    pick = _Builder(spelled).built(root, is_inside=False)
    return None if pick is None else lambda value: pick(value, {})[1]


def is_open(root: Type) -> bool:
    """Whether a type has a union inside whose values more than one branch could take.

    Unions around such a one are named, too: fastavro finds no branch for what has names inside.
    """
    return any(each.kind == "union" and _is_ambiguous(each) for each in reachable(root))


def _is_ambiguous(union: Type) -> bool:
    parts = [part for part in union.parts if part.kind != "null"]
    families = {FAMILIES[part.kind] for part in parts}
    return len(parts) > 1 and (len(families) < len(parts) or any(part.logical for part in parts))


class _Builder:
    """Makes picks. What lies inside of a union is walked also for what it loses."""

    def __init__(self, spelled: Callable[[Type], str]) -> None:
        self._spelled = spelled
        self._fit = fits()
        self._made: dict[tuple[str, bool], Pick] = {}
        self._needed: dict[tuple[int, bool], bool] = {}

    def _needs(self, each: Type, is_inside: bool) -> bool:
        key = (id(each), is_inside)
        if key not in self._needed:
            self._needed[key] = is_open(each) or (
                is_inside and any(loss_of(part) is not None for part in reachable(each))
            )
        return self._needed[key]

    def built(self, each: Type, *, is_inside: bool) -> Pick | None:
        if not self._needs(each, is_inside):
            return None
        if each.name is None:
            return self._of_kind(each, is_inside=is_inside)
        key = (each.name, is_inside)
        if key not in self._made:
            # What is recursive finds itself here, before it is done.
            self._made[key] = functools.partial(_later, self._made, key)
            self._made[key] = self._of_kind(each, is_inside=is_inside)
        return self._made[key]

    def _of_kind(self, each: Type, *, is_inside: bool) -> Pick:
        match each.kind:
            case "record":
                built = ((f.name, self.built(f.type, is_inside=is_inside)) for f in each.fields)
                return _record([(name, pick) for name, pick in built if pick is not None])
            case "union":
                return _union([self._branch(part) for part in each.parts])
            case "array" | "map":
                inner = self.built(each.parts[0], is_inside=is_inside)
                assert inner is not None
                return _map(inner) if each.kind == "map" else _array(inner)
            case _:
                loss = loss_of(each)
                assert loss is not None
                return lambda value, _: (loss(value), value)

    def _branch(self, part: Type) -> _Branch:
        pick = self.built(part, is_inside=True)
        return _Branch(part, self._spelled(part), self._fit(part), pick)


def _later(
    made: dict[tuple[str, bool], Pick],
    key: tuple[str, bool],
    value: Any,  # noqa: ANN401 - whatever it is
    seen: Seen,
) -> tuple[int, Any]:
    return made[key](value, seen)


def _record(fields: list[tuple[str, Pick]]) -> Pick:
    def pick(value: Any, seen: Seen) -> tuple[int, Any]:  # noqa: ANN401 - whatever it is
        made, worst = value, EXACT
        for name, inner in fields:
            if name not in value:
                continue
            part = value[name]
            loss, told = inner(part, seen)
            worst = max(worst, loss)
            if told is not part:
                if made is value:
                    made = dict(value)
                made[name] = told
        return worst, made

    return pick


def _array(inner: Pick) -> Pick:
    def pick(value: Any, seen: Seen) -> tuple[int, Any]:  # noqa: ANN401 - whatever it is
        told = [inner(part, seen) for part in value]
        return max((loss for loss, _ in told), default=EXACT), [made for _, made in told]

    return pick


def _map(inner: Pick) -> Pick:
    def pick(value: Any, seen: Seen) -> tuple[int, Any]:  # noqa: ANN401 - whatever it is
        told = {key: inner(part, seen) for key, part in value.items()}
        worst = max((loss for loss, _ in told.values()), default=EXACT)
        return worst, {key: made for key, (_, made) in told.items()}

    return pick


def _union(branches: list[_Branch]) -> Pick:
    by_name = {each.type.name or each.type.kind: each for each in branches}
    takes_null = "null" in by_name
    others = [each for each in branches if each.type.kind != "null"]
    only = others[0] if len(others) == 1 else None
    own = id(branches)

    def pick(value: Any, seen: Seen) -> tuple[int, Any]:  # noqa: ANN401 - whatever it is
        if value is None and takes_null:
            return EXACT, None
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):  # noqa: PLR2004
            return _told(by_name[value[0]], value[1], seen)
        if only is not None and only.pick is not None and not _has_hint(value):
            # As above, but on a stack that has room for values as deep as others.
            loss, made = only.pick(value, seen)
            return loss, (only.name, made)
        if not isinstance(value, CONTAINERS):
            return _best(branches, value, seen)
        # Records that look alike inside each other would else be tried without an end.
        if (own, id(value)) not in seen:
            seen[own, id(value)] = (value, *_best(_hinted(branches, value), value, seen))
        return seen[own, id(value)][1:]

    return pick


def _told(branch: _Branch, value: Any, seen: Seen) -> tuple[int, Any]:  # noqa: ANN401
    loss, made = (EXACT, value) if branch.pick is None else branch.pick(value, seen)
    return loss, (branch.name, made)


def _has_hint(value: object) -> bool:
    return isinstance(value, Mapping) and HINT in value


def _hinted(branches: list[_Branch], value: Any) -> list[_Branch]:  # noqa: ANN401 - whatever it is
    if not _has_hint(value):
        return branches
    hint = value[HINT]
    named = [each for each in branches if hint in (each.type.name, each.name)]
    return named or [each for each in branches if each.type.kind != "record"]


def _best(
    branches: list[_Branch],
    value: Any,  # noqa: ANN401 - whatever it is
    seen: Seen,
) -> tuple[int, Any]:
    best: tuple[int, Any] | None = None
    for each in branches:
        if each.fit(value, 0) is not None:
            continue
        loss, made = (EXACT, value) if each.pick is None else each.pick(value, seen)
        if best is None or loss < best[0]:
            best = (loss, (each.name, made))
        if loss == EXACT:
            break
    if best is None:
        raise ValueError(f"the union has no record {value[HINT]}")
    return best
