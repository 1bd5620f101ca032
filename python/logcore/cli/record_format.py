"""Records as `logcore consume` shows them: by a format of kcat's, as lines, or as JSON.

Invariant: a format is checked before the first record; what a line shows of bytes is safe for a
terminal, while ``%k`` and ``%s`` are the bytes as they are.
Neighbours: `consume` shows with it; `output` has the shapes that `logcore log` shares.
Source: kcat 1.7, ``-f``, for the tokens.
"""

import re
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from logcore.cli.output import bytes_text, field, time_text
from logcore.cli.typed import Typed
from logcore.common.types import override

if TYPE_CHECKING:
    from logcore.record import ConsumerRecord

_ESCAPES: Final = {"n": b"\n", "t": b"\t", "r": b"\r", "0": b"\0", "\\": b"\\"}
_SIZE: Final = struct.Struct(">i")
_TOKEN: Final = re.compile(r"%(.)|\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)

Show = Callable[["ConsumerRecord"], bytes]


def _size(data: bytes | None) -> bytes:
    return b"-1" if data is None else str(len(data)).encode()


def _headers(record: "ConsumerRecord") -> bytes:
    parts = (name.encode() + b"=" + (value or b"") for name, value in record.headers)
    return b",".join(parts)


TOKENS: Final[dict[str, Show]] = {
    "t": lambda record: record.topic.encode(),
    "p": lambda record: str(record.partition).encode(),
    "o": lambda record: str(record.offset).encode(),
    "k": lambda record: record.key or b"",
    "s": lambda record: record.value or b"",
    "h": _headers,
    "T": lambda record: str(record.timestamp).encode(),
    "K": lambda record: _size(record.key),
    "S": lambda record: _size(record.value),
    "R": lambda record: _SIZE.pack(-1 if record.value is None else len(record.value)),
    "%": lambda _: b"%",
}
"""What each token of a format shows of a record."""


def parse_format(text: str) -> Show:
    r"""Read a format, such as ``%p:%o %k=%s\n``.

    Raises:
        ValueError: If it has a token or an escape that means nothing.
    """
    parts: list[bytes | Show] = []
    position = 0
    for found in _TOKEN.finditer(text):
        parts.append(text[position : found.start()].encode())
        token, escape = found.groups()
        if token is not None:
            if token not in TOKENS:
                raise ValueError(f"%{token} means nothing: there are %{' %'.join(TOKENS)}")
            parts.append(TOKENS[token])
        elif escape in _ESCAPES:
            parts.append(_ESCAPES[escape])
        elif len(escape) > 1:
            parts.append(bytes([int(escape[1:], 16)]))
        else:
            raise ValueError(f"\\{escape} means nothing: there are \\n \\t \\r \\0 \\\\ \\x41")
        position = found.end()
    if text[position:].endswith(("%", "\\")):
        raise ValueError(f"{text[-1]} at the end of a format means nothing: double it")
    parts.append(text[position:].encode())
    return lambda record: b"".join(
        part if isinstance(part, bytes) else part(record) for part in parts
    )


class TemplateParameter(Typed):
    r"""A format, such as ``%p:%o %k=%s\n``."""

    name = "format"

    @override
    def read(self, text: str) -> Show:
        """Read one."""
        return parse_format(text)


def record_object(record: "ConsumerRecord") -> dict[str, Any]:
    """Return a record as an object of JSON, in the shape that `logcore produce --json` takes."""
    shown: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
    }
    shown |= field("key", record.key) | field("value", record.value)
    shown |= getattr(record, "told", {})
    if record.headers:
        shown["headers"] = [{"name": name, **field("value", data)} for name, data in record.headers]
    return shown


def record_line(record: "ConsumerRecord") -> str:
    """Return a record as a line: where, when, key, value, headers, separated by tabs."""
    parts = [f"{record.topic}-{record.partition}", str(record.offset), time_text(record.timestamp)]
    parts += [bytes_text(record.key), bytes_text(record.value)]
    parts += [f"{name}={bytes_text(data)}" for name, data in record.headers]
    return "\t".join(parts)
