"""Java's JAAS syntax, as `sasl.jaas.config` has it: a login module and its options.

Invariant: what is read is one module; what is left over, or missing, is an error that says so, and
never shows a value, for values are passwords.
Neighbours: `broker.security` and `client.logins` ask for the options of the modules they know.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from logcore.common.config import ConfigError

_FLAGS: Final = frozenset({"required", "requisite", "sufficient", "optional"})
_WORD: Final = re.compile(
    r"""(?sx)
    \s*(?: "(?P<double>(?:\\.|[^"\\])*)" | '(?P<single>(?:\\.|[^'\\])*)'
         | (?P<sign>[=;]) | (?P<bare>[^\s=;"']+) )"""
)
_END: Final = "\0;"
_EQUALS: Final = "\0="
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class LoginModule:
    """A login module.

    Attributes:
        name: Its Java class.
        options: What it is told.
    """

    name: str
    options: dict[str, str] = field(repr=False)

    @property
    def short_name(self) -> str:
        """The class without its package."""
        return self.name.rpartition(".")[2]


def parse(key: str, text: str) -> LoginModule:
    """Read the one login module of a setting.

    Args:
        key: The setting, for messages.
        text: Its value.

    Raises:
        ConfigError: If it is not one login module.

    Example:
        >>> parse("k", 'a.PlainLoginModule required user_bob="secret";').options
        {'user_bob': 'secret'}
    """
    words = list(_words(key, text))
    if len(words) < 3 or words[1].lower() not in _FLAGS:  # noqa: PLR2004 - class, flag, semicolon
        raise _error(key, "it is not CLASS required NAME=VALUE ...;")
    if words[-1] != _END or words.count(_END) > 1:
        raise _error(key, "it is not one login module that ends with a semicolon")
    options = words[2:-1]
    if len(options) % 3 or any(sign != _EQUALS for sign in options[1::3]):
        raise _error(key, "its options are not written as NAME=VALUE")
    return LoginModule(words[0], dict(zip(options[::3], options[2::3], strict=True)))


def _words(key: str, text: str) -> Iterator[str]:
    """Yield words; signs that were not quoted as `_END` and `_EQUALS`, which no word is."""
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _WORD.match(text, position)
        if found is None:
            raise _error(key, "a quotation mark is not closed")
        quoted = found["double"] if found["double"] is not None else found["single"]
        if quoted is not None:
            yield _unescaped(quoted)
        else:
            yield found["bare"] or f"\0{found['sign']}"
        position = found.end()


def _unescaped(text: str) -> str:
    return re.sub(r"(?s)\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text)


def _error(key: str, problem: str) -> ConfigError:
    return ConfigError(f"{key}: {problem}", key=key)
