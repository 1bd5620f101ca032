"""Reads the regular expressions by which members subscribe: RE2's syntax, as Kafka takes it.

What needs backtracking (references back, looking ahead or behind) is no part of RE2, and is refused
like any other mistake. Only characters of ASCII can be in the name of a topic, so a set of
characters is a number with a bit for each, and what lies beyond is read and matches nothing.
Invariant: reading takes time in proportion to the text, and nests no deeper than `DEPTH_MAX`.
Neighbours: `program` makes a matcher of what is read here.
Source: RE2's published syntax; Kafka uses its port to Java.
"""

import string
from dataclasses import dataclass
from typing import Final, TypeAlias

from logcore.common.errors import InvalidRegularExpressionError
from logcore.coordinator.regex.sets import (
    CHARACTERS,
    CONTROL,
    EVERYTHING,
    PERL,
    both_cases,
    mask_of,
    posix_class,
    unicode_class,
)

LENGTH_MAX: Final = 10_000
"""How long an expression may be."""
DEPTH_MAX: Final = 100
"""How deep groups may nest."""
REPEAT_MAX: Final = 1_000
"""How often something may be repeated by count; the same in RE2."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set, a bit for each."""

    mask: int


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
    """A condition on the place: ``^`` start, ``$`` end, ``b`` word boundary, ``B`` none."""

    kind: str


Node: TypeAlias = Chars | Concat | Alternate | Repeat | Assertion


_ASSERTIONS: Final = {"A": "^", "z": "$", "b": "b", "B": "B"}
_CODE_MAX: Final = 0x10FFFF
_FLAGS: Final = frozenset("imsU")


def parse(text: str) -> Node:
    """Read an expression.

    Raises:
        InvalidRegularExpressionError: If it is none.
    """
    if len(text) > LENGTH_MAX:
        raise InvalidRegularExpressionError(
            f"The regular expression has {len(text)} characters; at most {LENGTH_MAX} are read."
        )
    return _Parser(text).parse()


class _Group:
    """A group that is being read: its finished alternatives, and the one under way."""

    def __init__(self, *, ignores_case: bool) -> None:
        self.choices: list[Node] = []
        self.parts: list[Node] = []
        self.outer_ignores_case = ignores_case

    def end_choice(self) -> None:
        parts, self.parts = self.parts, []
        self.choices.append(parts[0] if len(parts) == 1 else Concat(tuple(parts)))

    def end(self) -> Node:
        self.end_choice()
        return self.choices[0] if len(self.choices) == 1 else Alternate(tuple(self.choices))


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._ignores_case = False
        self._groups = [_Group(ignores_case=False)]

    def parse(self) -> Node:
        while self._at < len(self._text):
            self._read_one()
        if len(self._groups) > 1:
            raise self._fault("missing closing )")
        return self._groups[0].end()

    def _fault(self, what: str) -> InvalidRegularExpressionError:
        return InvalidRegularExpressionError(
            f"SubscribedTopicRegex `{self._text}` is not a valid regular expression: {what}."
        )

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
            self._add(Chars(self._read_class()))
        elif character == ".":
            self._add(Chars(EVERYTHING))
        elif character in "^$":
            self._add(Assertion(character))
        elif character == "\\":
            self._read_escape()
        elif character in "*+?":
            raise self._fault(f"missing argument to repetition operator: `{character}`")
        else:
            self._add(Chars(self._folded(mask_of(character))))

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
        group = _Group(ignores_case=self._ignores_case)
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
            if flag == "i":
                self._ignores_case = sign
            elif flag == "-" and sign:
                sign = False
            elif flag in ":)":
                return flag == ":"
            elif flag not in _FLAGS:
                raise self._fault("invalid or unsupported Perl syntax: `(?`")

    def _close(self) -> None:
        if len(self._groups) == 1:
            raise self._fault("unexpected )")
        group = self._groups.pop()
        self._ignores_case = group.outer_ignores_case
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
                node = Chars(self._folded(mask_of(literal)))
                if number < len(quoted):
                    self._groups[-1].parts.append(node)
                else:
                    self._add(node)
        else:
            self._add(Chars(self._read_set_escape(character)))

    def _read_set_escape(self, character: str) -> int:
        """Read what stands behind a backslash, in a class or outside, as a set."""
        lower = character.lower()
        if lower in PERL:
            mask = PERL[lower]
            return mask if character == lower else EVERYTHING ^ mask
        if lower == "p":
            return self._read_category(is_negated=character == "P")
        return self._folded(mask_of(self._read_literal_escape(character)))

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

    def _read_category(self, *, is_negated: bool) -> int:
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
        mask = self._folded(mask)
        return EVERYTHING ^ mask if is_negated else mask

    # ------------------------------------------------------------ classes

    def _read_class(self) -> int:
        is_negated = self._looking_at("^")
        self._at += is_negated
        mask = 0
        is_first = True
        while is_first or not self._looking_at("]"):
            mask |= self._read_class_item()
            is_first = False
        self._at += 1
        return EVERYTHING ^ mask if is_negated else mask

    def _read_class_item(self) -> int:
        if self._looking_at("[:"):
            end = self._text.find(":]", self._at)
            if end > 0:
                name = self._text[self._at + 2 : end]
                self._at = end + 2
                mask = posix_class(name.removeprefix("^"))
                if mask is None:
                    raise self._fault(f"invalid character class range: `[:{name}:]`")
                mask = self._folded(mask)
                return EVERYTHING ^ mask if name.startswith("^") else mask
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
        last = min(ord(high), CHARACTERS - 1)
        return self._folded(sum(1 << code for code in range(ord(low), last + 1)))

    def _read_range_end(self, low: str) -> str:
        """Read the end of a range; a dash at the end of a class is a dash."""
        if not self._looking_at("-") or self._text.startswith("-]", self._at):
            return low
        self._at += 1
        high = self._next("missing closing ]")
        if high != "\\":
            return high
        return self._read_literal_escape(self._next("trailing backslash at end of expression"))

    def _folded(self, mask: int) -> int:
        """Return a set with the other case of its letters, where case is ignored."""
        return both_cases(mask) if self._ignores_case else mask


def is_number(text: str) -> bool:
    """Whether a text is digits and nothing else."""
    return bool(text) and text.isascii() and text.isdigit()
