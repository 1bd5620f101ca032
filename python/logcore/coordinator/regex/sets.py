"""Sets of characters, as regular expressions name them: a number with a bit for each of ASCII.

Invariant: a set is between none and `EVERYTHING`; characters beyond ASCII are in none, because the
name of a topic cannot have them.
Neighbours: `syntax` reads expressions into these; `program` matches by them.
Source: RE2's published syntax.
"""

import string
import unicodedata
from typing import Final

CHARACTERS: Final = 128
EVERYTHING: Final = (1 << CHARACTERS) - 1


def mask_of(characters: str) -> int:
    """Return the set of some characters; those beyond ASCII are in none."""
    return sum(1 << ord(each) for each in set(characters) if ord(each) < CHARACTERS)


WORD: Final = mask_of(string.ascii_letters + string.digits + "_")

PERL: Final = {
    "d": mask_of(string.digits),
    "s": mask_of("\t\n\f\r "),
    "w": WORD,
}
_POSIX: Final = {
    "alnum": mask_of(string.ascii_letters + string.digits),
    "alpha": mask_of(string.ascii_letters),
    "ascii": EVERYTHING,
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
_CATEGORIES: Final = {
    name[0]: name[1:] for name in ("Ccfos", "Llmotu", "Mcen", "Ndlo", "Pcdefios", "Sckmo", "Zlps")
}
"""The general categories of Unicode: a major one, and the letters that divide it."""


def posix_class(name: str) -> int | None:
    """Return the set of a class such as ``alpha``; None if there is none of this name."""
    return _POSIX.get(name)


def unicode_class(name: str) -> int | None:
    """Return the set of a class of Unicode, such as ``L`` or ``Lu``; None if it is not known.

    Of scripts there are Latin, and what is common to all; those that others have no
    characters that a name can have, and are not known.
    """
    if name == "Any":
        return EVERYTHING
    if name == "Latin":
        return _POSIX["alpha"]
    if name == "Common":
        return EVERYTHING ^ _POSIX["alpha"]
    if not name or name[:1] not in _CATEGORIES or name[1:] not in ("", *_CATEGORIES[name[0]]):
        return None
    codes = range(CHARACTERS)
    return sum(1 << code for code in codes if unicodedata.category(chr(code)).startswith(name))


def both_cases(mask: int) -> int:
    """Return a set with the other case of its letters."""
    return mask | (mask & _POSIX["upper"]) << 32 | (mask & _POSIX["lower"]) >> 32
