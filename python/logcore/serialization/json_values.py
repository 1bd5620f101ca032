"""JSON without a schema: compact, in UTF-8.

Invariant: what is written is JSON as RFC 8259 has it; NaN and infinities are errors both ways.
Neighbours: `json_schema` is JSON with a schema of a registry.
"""

import json
from collections.abc import Callable
from typing import Any, Final, NoReturn

from logcore.common.errors import MalformedDataError, UnfitValueError
from logcore.common.types import override
from logcore.serialization.serializer import Deserializer, Serializer

COMPACT: Final = (",", ":")


class JsonSerializer(Serializer[Any]):
    """Writes JSON. None is a null of the record, a tombstone, and not the word ``null``.

    Args:
        default: Makes something that JSON has of a value that it has not, as for `json.dumps`.

    Example:
        >>> JsonSerializer().serialize("orders", {"table": 4, "what": ["pretzel"]})
        b'{"table":4,"what":["pretzel"]}'
    """

    def __init__(self, default: Callable[[Any], Any] | None = None) -> None:
        self.default = default

    @override
    def serialize(self, topic: str, value: Any) -> bytes | None:  # noqa: ANN401 - what JSON has
        """Return a value as JSON.

        Raises:
            UnfitValueError: If JSON has no such value.
        """
        return None if value is None else dumped(value, topic, self.default)


class JsonDeserializer(Deserializer[Any]):
    """Reads JSON.

    Example:
        >>> JsonDeserializer().deserialize("orders", b'{"table": 4}')
        {'table': 4}
    """

    @override
    def deserialize(self, topic: str, data: bytes | None) -> Any:  # noqa: ANN401 - what JSON has
        """Return the value that some JSON is.

        Raises:
            MalformedDataError: If it is none in UTF-8, or nested too deep.
        """
        return None if data is None else loaded(data, topic)


def dumped(value: object, topic: str, default: Callable[[Any], Any] | None = None) -> bytes:
    """Return a value as JSON, also None.

    Raises:
        UnfitValueError: If JSON has no such value.
    """
    try:
        text = json.dumps(
            value, default=default, separators=COMPACT, ensure_ascii=False, allow_nan=False
        )
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UnfitValueError(f"the value is none that JSON has: {error}", topic=topic) from error


def loaded(data: bytes, topic: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return the value that some JSON is.

    Raises:
        MalformedDataError: If it is none in UTF-8, or nested too deep.
    """
    try:
        return json.loads(data.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise MalformedDataError(f"no JSON in UTF-8: {error}", topic=topic) from None


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")
