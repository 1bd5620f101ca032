"""Walks Avro data before fastavro does, where the data could do harm.

fastavro ends the process on data that nests tens of thousands deep, counts to 2**60 where elements
take no bytes, and works minutes on a decimal of a megabyte. Only some schemas allow for these, so
most data is never walked.
Invariant: what `check` lets pass costs fastavro time and memory in proportion to its bytes.
Neighbours: `avro` asks before it reads; `avro_schema` makes the types.
"""

from dataclasses import dataclass
from typing import Final

from logcore.common.errors import MalformedDataError
from logcore.serialization.avro_fit import DEPTH_MAX
from logcore.serialization.avro_schema import Type

ELEMENTS_MAX: Final = 100_000
"""Elements without bytes, such as nulls, in one array."""
DECIMAL_BYTES_MAX: Final = 4096
"""Bytes of a decimal: near ten thousand digits."""
VARINT_BYTES_MAX: Final = 10
WIDTHS: Final = {"boolean": 1, "float": 4, "double": 8, "null": 0}


@dataclass(frozen=True, slots=True)
class Risks:
    """What data of a schema could do.

    Attributes:
        nests: Nest without an end, as some type has itself inside.
        counts: Have elements without bytes.
        has_decimals: Have decimals of any length.
    """

    nests: bool
    counts: bool
    has_decimals: bool

    def are_in(self, data: bytes) -> bool:
        """Whether some data must be walked."""
        return self.nests or self.counts or (self.has_decimals and len(data) > DECIMAL_BYTES_MAX)


def risks_of(root: Type) -> Risks:
    """Return what data of a schema could do.

    Example:
        >>> from logcore.serialization.avro_schema import parse
        >>> risks_of(parse('{"type": "array", "items": "null"}')).counts
        True
    """
    nests = counts = has_decimals = False
    done: set[int] = set()
    above: set[int] = set()

    def visit(each: Type) -> None:
        nonlocal nests, counts, has_decimals
        if id(each) in above:
            nests = True
        if id(each) in done:
            return
        done.add(id(each))
        above.add(id(each))
        has_decimals |= each.logical == "decimal"
        counts |= each.kind == "array" and _may_be_empty(each.parts[0], set())
        for inner in each.needs():
            visit(inner)
        above.remove(id(each))

    visit(root)
    return Risks(nests, counts, has_decimals)


def _may_be_empty(each: Type, seen: set[int]) -> bool:
    if each.kind == "record" and id(each) not in seen:
        seen.add(id(each))
        return all(_may_be_empty(field.type, seen) for field in each.fields)
    return each.kind == "null" or (each.kind == "fixed" and each.size == 0)


def check(root: Type, data: bytes, start: int, topic: str) -> None:
    """Walk data.

    Raises:
        MalformedDataError: If it ends early, nests too deep, or claims what no data is.
    """
    try:
        _Walk(data, start, topic).over(root, 0)
    except RecursionError:
        raise MalformedDataError("the data is nested too deep", topic=topic) from None


class _Walk:
    def __init__(self, data: bytes, position: int, topic: str) -> None:
        self._data = data
        self._position = position
        self._topic = topic

    def over(self, each: Type, depth: int) -> None:
        if depth > DEPTH_MAX:
            raise self._bad(f"the data is nested more than {DEPTH_MAX} deep")
        match each.kind:
            case "record":
                for field in each.fields:
                    self.over(field.type, depth + 1)
            case "union":
                self.over(self._branch(each), depth + 1)
            case "array" | "map":
                self._blocks(each, depth)
            case "int" | "long" | "enum":
                self._long()
            case "bytes" | "string":
                self._skip(self._length(each))
            case "fixed":
                self._skip(self._bounded(each, each.size))
            case _:
                self._skip(WIDTHS[each.kind])

    def _branch(self, each: Type) -> Type:
        index = self._long()
        if not 0 <= index < len(each.parts):
            raise self._bad(f"a union of {len(each.parts)} has no branch {index}")
        return each.parts[index]

    def _length(self, each: Type) -> int:
        length = self._long()
        if length < 0:
            raise self._bad(f"{each.shown} of {length} bytes")
        return self._bounded(each, length)

    def _bounded(self, each: Type, length: int) -> int:
        if each.logical == "decimal" and length > DECIMAL_BYTES_MAX:
            raise self._bad(f"a decimal of {length} bytes: the most are {DECIMAL_BYTES_MAX}")
        return length

    def _blocks(self, each: Type, depth: int) -> None:
        total = 0
        while count := self._long():
            if count < 0:
                self._long()  # the bytes of the block, which whoever skips it may believe
                count = -count
            total += count
            if total > max(ELEMENTS_MAX, len(self._data)):
                raise self._bad(f"{total} elements in {len(self._data)} bytes")
            for _ in range(count):
                if each.kind == "map":
                    self._skip(self._long())
                self.over(each.parts[0], depth + 1)

    def _skip(self, length: int) -> None:
        if not 0 <= length <= len(self._data) - self._position:
            raise self._bad("the data is cut off")
        self._position += length

    def _long(self) -> int:
        number = 0
        rest = self._data[self._position : self._position + VARINT_BYTES_MAX]
        for place, byte in enumerate(rest):
            number |= (byte & 0x7F) << 7 * place
            if byte < 0x80:  # noqa: PLR2004 - the bit that says there is more
                self._position += place + 1
                return (number >> 1) ^ -(number & 1)
        raise self._bad("the data is cut off, or no number where one should be")

    def _bad(self, what: str) -> MalformedDataError:
        return MalformedDataError(f"no data of this Avro schema: {what}", topic=self._topic)
