"""Java's properties syntax, as `server.properties` files have it.

Invariant: a file means here what it means to `java.util.Properties`: comments, three separators,
escapes, lines continued by a backslash. Bytes that are not UTF-8 are read as Latin-1, as by Java.
Neighbours: the settings of brokers (`broker.config.sources`) and of clients are read with it.
Source: Java SE 17, `java.util.Properties.load`, for the syntax.
"""

import re
from collections.abc import Iterator
from typing import Final

_ENTRY: Final = r"(?s)((?:\\.|[^\\=:\s])*)[ \t\f]*[=:]?[ \t\f]*(.*)"
_ESCAPE: Final = r"(?s)\\(u[0-9a-fA-F]{4}|.)"
_LETTERS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_BLANKS: Final = " \t\f"


def decode(data: bytes) -> str:
    """Decode a file's bytes."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def parse(text: str) -> dict[str, str]:
    r"""Read the entries; of a key that is there twice, the last.

    Example:
        >>> parse("a = 1\nlist : x,\\\n   y")
        {'a': '1', 'list': 'x,y'}
    """
    entries = {}
    for line in _logical_lines(text):
        found = re.fullmatch(_ENTRY, line)
        assert found, "every line is a key, perhaps empty, and a value, perhaps empty"
        entries[_unescape(found[1])] = _unescape(found[2])
    return entries


def _logical_lines(text: str) -> Iterator[str]:
    pending: str | None = None
    for natural in re.split(r"\r\n|\n|\r", text):
        line = natural.lstrip(_BLANKS)
        if pending is None and (not line or line[0] in "#!"):
            continue
        backslashes = len(line) - len(line.rstrip("\\"))
        joined = (pending or "") + line
        if backslashes % 2:
            pending = joined[:-1]
        else:
            pending = None
            yield joined
    if pending:
        yield pending


def _unescape(text: str) -> str:
    def meaning(found: re.Match[str]) -> str:
        escaped = found[1]
        if len(escaped) > 1:
            return chr(int(escaped[1:], 16))
        return _LETTERS.get(escaped, escaped)

    return re.sub(_ESCAPE, meaning, text)
