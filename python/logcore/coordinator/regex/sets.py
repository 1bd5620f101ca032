"""Sets of characters, as regular expressions name them.

A set is a number with a bit for each character of ASCII and, for those beyond, a bit for each
general category of Unicode: what has a name in an expression is made of these. Characters beyond
ASCII that stand there themselves are ranges beside the number, because a bit for each of a million
would make a set a hundred kilobytes.
Invariant: a set's number is between none and `EVERYTHING`; its ranges hold nothing of ASCII.
Neighbours: `syntax` reads expressions into these; `program` matches by them.
Source: RE2's published syntax.
"""

import string
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Self

CHARACTERS: Final = 128
_SUBCATEGORIES: Final = {
    name[0]: name[1:] for name in ("Ccfos", "Llmotu", "Mcen", "Ndlo", "Pcdefios", "Sckmo", "Zlps")
}
"""The general categories of Unicode: a major one, and the letters that divide it."""
_UNASSIGNED: Final = "Cn"  # has no name in RE2, and is no part of C there
_CATEGORIES: Final = (
    *(major + minor for major, minors in _SUBCATEGORIES.items() for minor in minors),
    _UNASSIGNED,
)
_PLACES: Final = {name: place for place, name in enumerate(_CATEGORIES, CHARACTERS)}
EVERYTHING: Final = (1 << CHARACTERS + len(_CATEGORIES)) - 1
_ASCII: Final = (1 << CHARACTERS) - 1
_CASED: Final = sum(1 << _PLACES[name] for name in ("Ll", "Lt", "Lu"))


def bit_of(character: str) -> int:
    """Return the bit of a character: its own in ASCII, that of its category beyond."""
    code = ord(character)
    return 1 << (code if code < CHARACTERS else _PLACES[unicodedata.category(character)])


def mask_of(characters: str) -> int:
    """Return the set of some characters; those beyond ASCII are in none."""
    return sum(1 << ord(each) for each in set(characters) if ord(each) < CHARACTERS)


@dataclass(frozen=True, slots=True)
class Chars:
    """A set of characters.

    Attributes:
        mask: The bits of those in it, but for what `ranges` decides.
        ranges: Characters beyond ASCII that are named themselves: where a range begins and, by
            turns, where it is over, all in order.
        ignores_case: Whether the other case of those in `ranges` counts as well.
        is_negated: Whether those in `ranges` are not in the set, rather than in it.
    """

    mask: int
    ranges: tuple[int, ...] = ()
    ignores_case: bool = False
    is_negated: bool = False

    def has(self, character: str, bit: int) -> bool:
        """Whether a character, whose bit is given, is in the set."""
        if self.ranges and character > "\x7f":
            those = _cases(character) if self.ignores_case else character
            if any(bisect_right(self.ranges, ord(each)) & 1 for each in those):
                return not self.is_negated
        return bool(self.mask & bit)

    def negated(self) -> Self:
        """Return the set of all other characters."""
        is_negated = bool(self.ranges) and not self.is_negated
        return replace(self, mask=EVERYTHING ^ self.mask, is_negated=is_negated)


def span(low: str, high: str, *, ignores_case: bool = False) -> Chars:
    """Return the set of the characters from one to another, these included."""
    first, behind = ord(low), ord(high) + 1
    mask = (1 << min(behind, CHARACTERS)) - (1 << min(first, CHARACTERS))
    if ignores_case:
        mask = both_cases(mask)
    if behind <= CHARACTERS:
        return Chars(mask)
    ranges = [(max(first, CHARACTERS), behind)]
    if ignores_case and low == high:
        ranges += [(ord(each), ord(each) + 1) for each in _cases(low) if ord(each) >= CHARACTERS]
    return Chars(mask, _in_order(ranges), ignores_case)


def union(sets: Iterable[Chars]) -> Chars:
    """Return the set of all characters of some sets, none of which is negated with ranges."""
    mask, ranges, ignores_case = 0, list[tuple[int, int]](), False
    for each in sets:
        assert not each.is_negated, "a class is negated as a whole"
        mask |= each.mask
        ranges += zip(each.ranges[::2], each.ranges[1::2], strict=True)
        ignores_case = ignores_case or each.ignores_case
    return Chars(mask, _in_order(ranges), ignores_case)


def _in_order(ranges: list[tuple[int, int]]) -> tuple[int, ...]:
    """Return the bounds of ranges in order, with those that overlap or touch made one."""
    bounds: list[int] = []
    for first, behind in sorted(ranges):
        if bounds and first <= bounds[-1]:
            bounds[-1] = max(bounds[-1], behind)
        else:
            bounds += (first, behind)
    return tuple(bounds)


def _cases(character: str) -> set[str]:
    """Return a character in all its cases, as far as they are single characters."""
    forms = (character, character.lower(), character.upper(), character.casefold())
    return {form for form in forms if len(form) == 1}


WORD: Final = mask_of(string.ascii_letters + string.digits + "_")

PERL: Final = {
    "d": mask_of(string.digits),
    "s": mask_of("\t\n\f\r "),
    "w": WORD,
}
_POSIX: Final = {
    "alnum": mask_of(string.ascii_letters + string.digits),
    "alpha": mask_of(string.ascii_letters),
    "ascii": _ASCII,
    "blank": mask_of("\t "),
    "cntrl": mask_of("".join(map(chr, range(32))) + "\x7f"),
    "digit": mask_of(string.digits),
    "graph": mask_of("".join(map(chr, range(33, 127)))),
    "lower": mask_of(string.ascii_lowercase),
    "print": mask_of("".join(map(chr, range(32, 127)))),
    "punct": mask_of(string.punctuation),
    "space": mask_of("\t\n\v\f\r "),
    "upper": mask_of(string.ascii_uppercase),
    "word": WORD,
    "xdigit": mask_of(string.hexdigits),
}
CONTROL: Final = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def posix_class(name: str) -> int | None:
    """Return the set of a class such as ``alpha``; None if there is none of this name."""
    return _POSIX.get(name)


def unicode_class(name: str) -> int | None:
    """Return the set of a class of Unicode, such as ``L`` or ``Lu``; None if it is not known.

    Of scripts there are Latin, and what is common to all, and of both what is ASCII: Python does
    not tell the script of a character. Those that others have are not known.
    """
    if name == "Any":
        return EVERYTHING
    if name == "Latin":
        return _POSIX["alpha"]
    if name == "Common":
        return _ASCII ^ _POSIX["alpha"]
    if not name or name[:1] not in _SUBCATEGORIES or name[1:] not in ("", *_SUBCATEGORIES[name[0]]):
        return None
    codes = range(CHARACTERS)
    ascii_part = sum(
        1 << code for code in codes if unicodedata.category(chr(code)).startswith(name)
    )
    known = (each for each in _CATEGORIES if each != _UNASSIGNED and each.startswith(name))
    return ascii_part | sum(1 << _PLACES[each] for each in known)


def both_cases(mask: int) -> int:
    """Return a set with the other case of its letters; beyond ASCII, of all that have a case."""
    cased = _CASED if mask & _CASED else 0
    return mask | cased | (mask & _POSIX["upper"]) << 32 | (mask & _POSIX["lower"]) >> 32
