"""Reads regular expressions in RE2's syntax, as Kafka takes it.

What needs backtracking (references back, looking ahead or behind) is no part of RE2, and is refused
like any other mistake.
Invariant: reading takes time in proportion to the text, and nests no deeper than `DEPTH_MAX`.
Neighbours: `sets` are the characters that an expression names; `program` makes a matcher of what is
read here.
Source: RE2's published syntax; Kafka uses its port to Java.
"""

import string
from dataclasses import dataclass
from typing import Final, TypeAlias

from logcore.common.errors import InvalidRegularExpressionError
from logcore.coordinator.regex.sets import (
    CONTROL,
    EVERYTHING,
    PERL,
    Chars,
    both_cases,
    mask_of,
    posix_class,
    span,
    unicode_class,
    union,
)

LENGTH_MAX: Final = 10_000
"""How long an expression may be."""
DEPTH_MAX: Final = 100
"""How deep groups may nest."""
REPEAT_MAX: Final = 1_000
"""How often something may be repeated by count; the same in RE2."""


@dataclass(frozen=True, slots=True)
class Concat:
    """One after the other; empty: nothing, which always matches."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Alternate:
    """Any of these."""

    choices: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same again, from `least` to `most` times; `most` of None: without an end."""

    node: "Node"
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Assertion:
    """A condition on the place.

    ``^`` is the start and ``$`` the end of the text, ``<`` and ``>`` those of a line, ``b`` the
    boundary of a word, ``B`` none.
    """

    kind: str


Node: TypeAlias = Chars | Concat | Alternate | Repeat | Assertion


_ASSERTIONS: Final = {"A": "^", "z": "$", "b": "b", "B": "B"}
_CODE_MAX: Final = 0x10FFFF
_FLAGS: Final = frozenset("imsU")
_OF_LINES: Final = {"^": "<", "$": ">"}


def parse(text: str, field: str) -> Node:
    """Read an expression.

    Args:
        text: The expression.
        field: What a request calls it, for what is said of mistakes.

    Raises:
        InvalidRegularExpressionError: If it is none.
    """
    if len(text) > LENGTH_MAX:
        raise InvalidRegularExpressionError(
            f"The regular expression has {len(text)} characters; at most {LENGTH_MAX} are read."
        )
    return _Parser(text, field).parse()


def fault(text: str, field: str, what: str) -> InvalidRegularExpressionError:
    """Return the error for a text that is no expression, in Kafka's words."""
    return InvalidRegularExpressionError(
        f"{field} `{text}` is not a valid regular expression: {what}."
    )


class _Group:
    """A group that is being read: its finished alternatives, and the one under way."""

    def __init__(self, outer_flags: frozenset[str]) -> None:
        self.choices: list[Node] = []
        self.parts: list[Node] = []
        self.outer_flags = outer_flags

    def end_choice(self) -> None:
        parts, self.parts = self.parts, []
        self.choices.append(parts[0] if len(parts) == 1 else Concat(tuple(parts)))

    def end(self) -> Node:
        self.end_choice()
        return self.choices[0] if len(self.choices) == 1 else Alternate(tuple(self.choices))


class _Parser:
    def __init__(self, text: str, field: str) -> None:
        self._text = text
        self._field = field
        self._at = 0
        self._flags: frozenset[str] = frozenset()
        self._groups = [_Group(self._flags)]

    def parse(self) -> Node:
        while self._at < len(self._text):
            self._read_one()
        if len(self._groups) > 1:
            raise self._fault("missing closing )")
        return self._groups[0].end()

    def _fault(self, what: str) -> InvalidRegularExpressionError:
        return fault(self._text, self._field, what)

    def _looking_at(self, prefix: str) -> bool:
        return self._text.startswith(prefix, self._at)

    def _next(self, missing: str) -> str:
        if self._at == len(self._text):
            raise self._fault(missing)
        self._at += 1
        return self._text[self._at - 1]

    def _read_one(self) -> None:
        group = self._groups[-1]
        character = self._next("")
        if character == "(":
            self._open()
        elif character == ")":
            self._close()
        elif character == "|":
            group.end_choice()
        elif character == "[":
            self._add(self._read_class())
        elif character == ".":
            self._add(Chars(EVERYTHING if "s" in self._flags else EVERYTHING ^ mask_of("\n")))
        elif character in "^$":
            self._add(Assertion(_OF_LINES[character] if "m" in self._flags else character))
        elif character == "\\":
            self._read_escape()
        elif character in "*+?":
            raise self._fault(f"missing argument to repetition operator: `{character}`")
        else:
            self._add(self._span(character, character))

    def _add(self, node: Node) -> None:
        """Take a node in, with the repetition that may follow it."""
        self._groups[-1].parts.append(self._repeated(node))

    # ------------------------------------------------------------ repetition

    def _repeated(self, node: Node) -> Node:
        bounds = self._read_bounds()
        if bounds is None:
            return node
        if self._looking_at("?"):  # lazily: the same names match
            self._at += 1
        start = self._at
        if self._read_bounds() is not None:
            operator = self._text[start : self._at]
            raise self._fault(f"invalid nested repetition operator: `{operator}`")
        return Repeat(node, *bounds)

    def _read_bounds(self) -> tuple[int, int | None] | None:
        """Read a repetition operator; None if there is none here."""
        for operator, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._looking_at(operator):
                self._at += 1
                return bounds
        return self._read_count() if self._looking_at("{") else None

    def _read_count(self) -> tuple[int, int | None] | None:
        """Read ``{n}``, ``{n,}`` or ``{n,m}``; anything else in braces is literal."""
        end = self._text.find("}", self._at)
        if end < 0:
            return None
        least, comma, most = self._text[self._at + 1 : end].partition(",")
        if not is_number(least) or (most and not is_number(most)):
            return None
        low = int(least[:9])
        high = low if not comma else int(most[:9]) if most else None
        if low > REPEAT_MAX or (high is not None and not low <= high <= REPEAT_MAX):
            raise self._fault(f"bad repetition operator: `{self._text[self._at : end + 1]}`")
        self._at = end + 1
        return low, high

    # ------------------------------------------------------------ groups

    def _open(self) -> None:
        group = _Group(self._flags)
        if self._looking_at("?"):
            self._at += 1
            if not self._read_group_kind():
                return  # flags for the rest of the group around it
        if len(self._groups) > DEPTH_MAX:
            raise self._fault("expression nests too deeply")
        self._groups.append(group)

    def _read_group_kind(self) -> bool:
        """Read what stands behind ``(?``; return whether it opens a group."""
        for prefix in ("P<", "<"):
            if self._looking_at(prefix):
                end = self._text.find(">", self._at)
                name = self._text[self._at + len(prefix) : end] if end > 0 else ""
                if not (name.isascii() and name.replace("_", "a").isalnum()):
                    raise self._fault("invalid named capture")
                self._at = end + 1
                return True
        sign = True
        while True:
            flag = self._next("missing closing )")
            if flag in _FLAGS:
                self._flags = self._flags | {flag} if sign else self._flags - {flag}
            elif flag == "-" and sign:
                sign = False
            elif flag in ":)":
                return flag == ":"
            else:
                raise self._fault("invalid or unsupported Perl syntax: `(?`")

    def _close(self) -> None:
        if len(self._groups) == 1:
            raise self._fault("unexpected )")
        group = self._groups.pop()
        self._flags = group.outer_flags
        self._add(group.end())

    # ------------------------------------------------------------ escapes

    def _read_escape(self) -> None:
        character = self._next("trailing backslash at end of expression")
        if character in _ASSERTIONS:
            self._add(Assertion(_ASSERTIONS[character]))
        elif character == "Q":
            end = self._text.find("\\E", self._at)
            quoted = self._text[self._at : end if end >= 0 else None]
            self._at = end + 2 if end >= 0 else len(self._text)
            for number, literal in enumerate(quoted, 1):
                node = self._span(literal, literal)
                if number < len(quoted):
                    self._groups[-1].parts.append(node)
                else:
                    self._add(node)
        else:
            self._add(self._read_set_escape(character))

    def _read_set_escape(self, character: str) -> Chars:
        """Read what stands behind a backslash, in a class or outside, as a set."""
        lower = character.lower()
        if lower in PERL:
            mask = PERL[lower]
            return Chars(mask if character == lower else EVERYTHING ^ mask)
        if lower == "p":
            return self._read_category(is_negated=character == "P")
        literal = self._read_literal_escape(character)
        return self._span(literal, literal)

    def _read_literal_escape(self, character: str) -> str:
        if character in CONTROL:
            return CONTROL[character]
        if character == "x":
            return self._read_hexadecimal()
        digits = self._text[self._at : self._at + 2]
        if character == "0" or (character in "1234567" and digits[:1] in list("01234567")):
            length = len(digits) - len(digits.lstrip("01234567"))
            self._at += length
            return chr(int(character + digits[:length], 8))
        if character.isascii() and not character.isalnum():
            return character
        raise self._fault(f"invalid escape sequence: `\\{character}`")

    def _read_hexadecimal(self) -> str:
        if self._looking_at("{"):
            end = self._text.find("}", self._at)
            digits = self._text[self._at + 1 : end] if end > 0 else ""
            self._at = end + 1
        else:
            digits = self._text[self._at : self._at + 2]
            digits = digits if len(digits) == 2 else ""  # noqa: PLR2004 - \xFF
            self._at += 2
        is_code = bool(digits) and set(digits) <= set(string.hexdigits)
        code = int(digits, 16) if is_code and len(digits) <= 8 else -1  # noqa: PLR2004
        if not 0 <= code <= _CODE_MAX:
            raise self._fault("invalid escape sequence: `\\x`")
        return chr(code)

    def _read_category(self, *, is_negated: bool) -> Chars:
        """Read a class of Unicode, such as ``L`` or ``{^Lu}``."""
        name = self._next("invalid character class range: `\\p`")
        if name == "{":
            end = self._text.find("}", self._at)
            name = self._text[self._at : end] if end > 0 else ""
            self._at = end + 1
        if name.startswith("^"):
            is_negated, name = not is_negated, name[1:]
        mask = unicode_class(name)
        if mask is None:
            raise self._fault(f"invalid character class range: `\\p{{{name}}}`")
        return self._named(mask, is_negated=is_negated)

    # ------------------------------------------------------------ classes

    def _read_class(self) -> Chars:
        is_negated = self._looking_at("^")
        self._at += is_negated
        items = [self._read_class_item()]
        while not self._looking_at("]"):
            items.append(self._read_class_item())
        self._at += 1
        characters = union(items)
        return characters.negated() if is_negated else characters

    def _read_class_item(self) -> Chars:
        if self._looking_at("[:"):
            end = self._text.find(":]", self._at)
            if end > 0:
                name = self._text[self._at + 2 : end]
                self._at = end + 2
                mask = posix_class(name.removeprefix("^"))
                if mask is None:
                    raise self._fault(f"invalid character class range: `[:{name}:]`")
                return self._named(mask, is_negated=name.startswith("^"))
        start = self._at
        low = self._next("missing closing ]")
        if low == "\\":
            escaped = self._next("trailing backslash at end of expression")
            if escaped.lower() in "dswp":
                return self._read_set_escape(escaped)
            low = self._read_literal_escape(escaped)
        high = self._read_range_end(low)
        if high < low:
            raise self._fault(f"invalid character class range: `{self._text[start : self._at]}`")
        return self._span(low, high)

    def _read_range_end(self, low: str) -> str:
        """Read the end of a range; a dash at the end of a class is a dash."""
        if not self._looking_at("-") or self._text.startswith("-]", self._at):
            return low
        self._at += 1
        high = self._next("missing closing ]")
        if high != "\\":
            return high
        return self._read_literal_escape(self._next("trailing backslash at end of expression"))

    def _span(self, low: str, high: str) -> Chars:
        """Return the set from one character to another, in both cases where case is ignored."""
        return span(low, high, ignores_case="i" in self._flags)

    def _named(self, mask: int, *, is_negated: bool) -> Chars:
        """Return a set that has a name, in both cases where case is ignored, or all but it."""
        mask = both_cases(mask) if "i" in self._flags else mask
        return Chars(EVERYTHING ^ mask if is_negated else mask)


def is_number(text: str) -> bool:
    """Whether a text is digits and nothing else."""
    return bool(text) and text.isascii() and text.isdigit()
