"""Sets of characters and their names."""

import re

import pytest

from logcore.coordinator.regex.sets import (
    CHARACTERS,
    EVERYTHING,
    PERL,
    both_cases,
    mask_of,
    posix_class,
    unicode_class,
)


def posix(name) -> int:
    return posix_class(name) or 0


def unicode(name) -> int:
    return unicode_class(name) or 0


def members(mask) -> str:
    return "".join(chr(code) for code in range(CHARACTERS) if mask >> code & 1)


def test_a_set_has_its_characters():
    assert members(mask_of("cab")) == "abc"
    assert members(mask_of("\u00e4b")) == "b"
    assert len(members(EVERYTHING)) == CHARACTERS


@pytest.mark.parametrize("name", PERL)
def test_perl_s_classes_are_python_s_in_ascii(name):
    pattern = re.compile("[\\t\\n\\f\\r ]" if name == "s" else "\\" + name)
    expected = "".join(chr(code) for code in range(CHARACTERS) if pattern.match(chr(code)))
    assert members(PERL[name]) == expected


def test_posix_classes():
    assert members(posix("xdigit")) == "0123456789ABCDEFabcdef"
    assert members(posix("blank")) == "\t "
    assert posix("punct") & posix("alnum") == 0
    assert posix("graph") == posix("alnum") | posix("punct")
    assert posix_class("none") is None


def test_unicode_classes():
    assert unicode("L") == unicode("Latin") == posix("alpha")
    assert unicode("Lu") == posix("upper")
    assert unicode("Nd") == unicode("N") == posix("digit")
    assert members(unicode("Pc")) == "_"
    assert unicode("Any") == EVERYTHING == unicode("Common") | unicode("Latin")
    assert unicode_class("Lt") == 0
    assert [unicode_class(name) for name in ("", "X", "Lx", "Greek")] == [None] * 4


def test_both_cases():
    assert members(both_cases(mask_of("aZ1-"))) == "-1AZaz"
