"""Sets of characters and their names."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.coordinator.regex.sets import (
    CHARACTERS,
    EVERYTHING,
    PERL,
    Chars,
    bit_of,
    both_cases,
    mask_of,
    posix_class,
    span,
    unicode_class,
    union,
)


def posix(name) -> int:
    return posix_class(name) or 0


def unicode(name) -> int:
    return unicode_class(name) or 0


def members(mask) -> str:
    return "".join(chr(code) for code in range(CHARACTERS) if mask >> code & 1)


def has(characters: Chars, character: str) -> bool:
    return characters.has(character, bit_of(character))


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
    assert members(unicode("L")) == members(unicode("Latin")) == members(posix("alpha"))
    assert members(unicode("Lu")) == members(posix("upper"))
    assert members(unicode("Nd")) == members(unicode("N")) == members(posix("digit"))
    assert members(unicode("Pc")) == "_"
    assert unicode("Any") == EVERYTHING
    assert unicode("Common") | unicode("Latin") == posix("ascii")
    assert members(unicode("Lt")) == ""
    assert [unicode_class(name) for name in ("", "X", "Lx", "Greek")] == [None] * 4


def test_both_cases():
    assert members(both_cases(mask_of("aZ1-"))) == "-1AZaz"


@given(st.characters(min_codepoint=CHARACTERS))
def test_classes_of_unicode_beyond_ascii(character):
    category = unicodedata.category(character)
    names = [name for name in ("L", "Lu", "Ll", "N", "Nd", "P", "S", "C") if unicode(name)]
    holding = [name for name in names if unicode(name) & bit_of(character)]
    assert holding == [name for name in names if category.startswith(name) and category != "Cn"]
    assert EVERYTHING & bit_of(character)


def test_every_character_has_a_bit():
    everything = Chars(EVERYTHING)
    codes = [*range(0x3000), *range(0x3000, sys.maxunicode + 1, 97), sys.maxunicode]
    assert all(has(everything, chr(code)) for code in codes)


RANGES = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 400)).map(sorted).map(tuple), min_size=1
)


@given(RANGES, st.booleans())
def test_a_union_has_what_its_parts_have(ranges, is_negated):
    whole = union(span(chr(low), chr(high)) for low, high in ranges)
    whole = whole.negated() if is_negated else whole
    for code in range(402):
        is_in = any(low <= code <= high for low, high in ranges)
        assert has(whole, chr(code)) == (is_in != is_negated)


def test_all_but_a_set_is_the_same_whether_it_has_ranges_or_not():
    assert Chars(mask_of("a")).negated().negated() == Chars(mask_of("a"))
    named = span("\u00e4", "\u00e6")
    assert named.negated().negated() == named
    assert union([named, Chars(PERL["d"])]).ranges == (0xE4, 0xE7)


def test_letters_beyond_ascii_have_another_case_too():
    for one, other in ("\u00e4\u00c4", "\u03c2\u03a3", "\u00b5\u03bc"):
        assert has(span(one, one, ignores_case=True), other)
        assert has(span(other, other, ignores_case=True), one)
        assert not has(span(one, one), other)
    assert both_cases(unicode("Lu")) == both_cases(unicode("Ll")) | bit_of("\u01c5")
