"""Fields, and the metaclass that makes slots of them: all that a codec needs to know of a class.

Invariant: a class's `FIELDS` are in the order of the wire; nothing here knows how bytes go.
Neighbours: `types` makes fields; `codec` reads them off a class; `schema` has the base classes.
"""

from typing import Any, Final, dataclass_transform

NEVER: Final = 32767
"""A version that no message reaches: the end of ``"3+"``, the first flexible one of ``"none"``."""


def parse_versions(text: str) -> range:
    """Turn Kafka's spelling of a range of versions into one.

    Example:
        >>> parse_versions("2-4"), parse_versions("7"), parse_versions("none")
        (range(2, 5), range(7, 8), range(0, 0))
    """
    if text in {"", "none"}:
        return range(0)
    if text.endswith("+"):
        return range(int(text[:-1]), NEVER + 1)
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


class Field:
    """One field of a struct, as its table says it.

    Attributes:
        kind: The primitive's name, or ``struct``.
        is_array: Whether the field is an array of `kind`.
        of: The class of a struct, or of the structs of an array.
        versions: In which versions of the message the field exists.
        nullable: In which versions it may be null.
        default: What it is when nobody sets it; for arrays and structs None means null.
        tag: The number of a tagged field.
        ignorable: Whether a value is dropped in silence in versions that lack the field.
    """

    __slots__ = ("default", "ignorable", "is_array", "kind", "nullable", "of", "tag", "versions")

    def __init__(
        self,
        kind: str,
        versions: str,
        *,
        default: object,
        of: "StructMeta | None" = None,
        nullable: str = "",
        **rest: Any,  # noqa: ANN401 - what few fields have
    ) -> None:
        self.kind = kind
        self.of = of
        self.versions = versions
        self.nullable = nullable
        self.default = default
        self.tag: int | None = rest.get("tag")
        self.ignorable: bool = rest.get("ignorable", False)
        self.is_array: bool = rest.get("is_array", False)


@dataclass_transform(kw_only_default=True)
class StructMeta(type):
    """Makes a class of slots out of a table of fields.

    Attributes:
        FIELDS: The fields, by the names of their attributes.
        VERSIONS: The first and the last version; of messages only.
        FLEXIBLE: The first version with compact lengths and tagged fields; of messages only.
    """

    FIELDS: dict[str, Field]
    VERSIONS: tuple[int, int]
    FLEXIBLE: int
    _frozen: Any

    def __new__(
        cls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        **options: object,
    ) -> "StructMeta":
        """Take the fields out of the class body and make slots of them."""
        fields = {key: value for key, value in namespace.items() if type(value) is Field}
        for key in fields:
            del namespace[key]
        namespace["__slots__"] = tuple(fields)
        namespace["FIELDS"] = fields
        namespace["_frozen"] = None
        return super().__new__(cls, name, bases, namespace, **options)

    def frozen_default(cls) -> Any:  # noqa: ANN401 - an object of the class
        """Return the shared object of defaults, which refuses to be changed."""
        if cls._frozen is None:
            frozen = StructMeta(cls.__name__, (cls,), {"__setattr__": _refuse_change})
            frozen.FIELDS = cls.FIELDS
            made: Any = object.__new__(frozen)  # type: ignore[arg-type]  # a class of ours
            fresh = cls()
            for name in cls.FIELDS:
                object.__setattr__(made, name, getattr(fresh, name))
            cls._frozen = made
        return cls._frozen


def _refuse_change(struct: object, name: str, _: object) -> None:
    raise AttributeError(
        f"cannot set {name}: this {type(struct).__name__} is shared by all; assign a new struct"
    )
