"""Reading expressions: what is one, and what is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.common.errors import InvalidRegularExpressionError
from logcore.coordinator.regex import syntax
from logcore.coordinator.regex.sets import EVERYTHING, Chars, mask_of
from logcore.coordinator.regex.syntax import (
    DEPTH_MAX,
    LENGTH_MAX,
    Alternate,
    Assertion,
    Concat,
    Repeat,
)


def parse(text):
    return syntax.parse(text, "TheField")


def test_the_forms_of_an_expression():
    assert parse("a") == Chars(mask_of("a"))
    assert parse("") == Concat(())
    assert parse("ab") == Concat((Chars(mask_of("a")), Chars(mask_of("b"))))
    assert parse("a|b") == Alternate((Chars(mask_of("a")), Chars(mask_of("b"))))
    assert parse("(?s).*") == Repeat(Chars(EVERYTHING), 0, None)
    assert parse(".") == Chars(EVERYTHING ^ mask_of("\n"))
    assert parse("(?:^a)$") == Concat(
        (Concat((Assertion("^"), Chars(mask_of("a")))), Assertion("$"))
    )


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("a*", 0, None),
        ("a+", 1, None),
        ("a?", 0, 1),
        ("a{3}", 3, 3),
        ("a{3,}", 3, None),
        ("a{3,5}", 3, 5),
        ("a*?", 0, None),
        ("a{3,5}?", 3, 5),
    ],
)
def test_repetition(text, least, most):
    assert parse(text) == Repeat(Chars(mask_of("a")), least, most)


@pytest.mark.parametrize("text", ["a{", "a{}", "a{,3}", "a{x}", "a{1,x}", "a{-1}"])
def test_braces_that_count_nothing_are_literal(text):
    assert isinstance(parse(text), Concat)


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("[abc]", "abc"),
        ("[a-cx]", "abcx"),
        ("[]a]", "]a"),
        ("[a-]", "a-"),
        ("[-a]", "a-"),
        (r"[\d]", "0123456789"),
        (r"[\]\\]", "]\\"),
        (r"\d", "0123456789"),
        (r"\.", "."),
        (r"\_", "_"),
        (r"\x41", "A"),
        (r"\x{41}", "A"),
        (r"\101", "A"),
        (r"\0", "\0"),
        (r"\n", "\n"),
        ("[[:digit:]x]", "0123456789x"),
        (r"\p{Nd}", "0123456789"),
        (r"\pN", "0123456789"),
        ("(?i)a", "aA"),
        ("(?i)[a-b]", "aAbB"),
        ("(?i:Z)", "zZ"),
    ],
)
def test_a_set_of_characters(text, characters):
    found = parse(text)
    assert isinstance(found, Chars)
    assert found.mask & parse("[[:ascii:]]").mask == mask_of(characters)
    assert not found.ranges


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\u00e4", Chars(0, (0xE4, 0xE5))),
        (r"\x{20ac}", Chars(0, (0x20AC, 0x20AD))),
        (r"\Q\u00e4\E".replace(r"\u00e4", "\u00e4"), Chars(0, (0xE4, 0xE5))),
        ("[\u00e0-\u00ff]", Chars(0, (0xE0, 0x100))),
        ("[a\u00e5\u00e4x]", Chars(mask_of("ax"), (0xE4, 0xE6))),
        ("[~-\u00ff]", Chars(mask_of("~\x7f"), (0x80, 0x100))),
        ("[^\u00e4]", Chars(EVERYTHING, (0xE4, 0xE5), is_negated=True)),
        ("(?i)\u00e4", Chars(0, (0xC4, 0xC5, 0xE4, 0xE5), ignores_case=True)),
    ],
)
def test_characters_beyond_ascii_stand_for_themselves(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        (r"\D", "0123456789"),
        ("[^a]", "a"),
        ("[^]a]", "]a"),
        ("[[:^digit:]]", "0123456789"),
        (r"[^\d]", "0123456789"),
    ],
)
def test_all_but_a_set_of_characters(text, characters):
    assert parse(text) == Chars(EVERYTHING ^ mask_of(characters))


@pytest.mark.parametrize("text", [r"\P{Nd}", r"\p{^Nd}", r"[^\p{Nd}]"])
def test_all_but_a_class_of_unicode(text):
    assert parse(text) == Chars(EVERYTHING ^ parse(r"\p{Nd}").mask)


def test_flags_hold_to_the_end_of_their_group():
    a, either = Chars(mask_of("a")), Chars(mask_of("aA"))
    assert parse("(a(?i)a)a") == Concat((Concat((a, either)), a))
    assert parse("(?i)a(?-i)a") == Concat((either, a))
    assert parse("(?is-mU:a)a") == Concat((either, a))
    assert parse("(?m:^$)^$") == Concat(
        (Concat((Assertion("<"), Assertion(">"))), Assertion("^"), Assertion("$"))
    )


def test_quoted_text_is_literal():
    assert parse(r"\Qa.*\E") == parse(r"a\.\*")
    assert parse(r"\Q(") == parse(r"\(")
    assert parse(r"\Qab\E+") == Concat((Chars(mask_of("a")), Repeat(Chars(mask_of("b")), 1, None)))
    assert parse(r"\Q\E") == Concat(())


@pytest.mark.parametrize(
    "text",
    [
        "(",
        ")",
        "(a",
        "a)",
        "*",
        "a|*",
        "(*)",
        "a**",
        "a+*",
        "a{2}{3}",
        "a{2,1}",
        "a{1001}",
        "a{1,1001}",
        "a{99999999999999}",
        "[a",
        "[",
        "[]",
        "[b-a]",
        "[[:nothing:]]",
        "[a\\",
        "\\",
        r"\k",
        r"\y",
        r"\Z",
        r"\1",
        r"\8",
        r"\xg1",
        r"\x1",
        r"\x{}",
        r"\x{110000}",
        r"\x{41",
        r"\p{Unheard}",
        r"\pY",
        r"\p",
        r"\p{L",
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        "(?<!a)",
        "(?P<a",
        "(?P<>a)",
        "(?P<a-b>a)",
        "(?P=a)",
        "(?z)",
        "(?i",
        "(?>a)",
        "(" * (DEPTH_MAX + 1) + ")" * (DEPTH_MAX + 1),
        "a" * (LENGTH_MAX + 1),
    ],
)
def test_what_is_no_expression(text):
    with pytest.raises(InvalidRegularExpressionError):
        parse(text)


def test_a_mistake_is_told_in_kafka_s_words():
    with pytest.raises(InvalidRegularExpressionError) as refused:
        parse("a(")
    told = "TheField `a(` is not a valid regular expression: missing closing )."
    assert str(refused.value) == told


def test_groups_may_nest_and_have_names():
    parse("(" * (DEPTH_MAX - 1) + ")" * (DEPTH_MAX - 1))
    assert parse("(?P<x>a)") == parse("(?<x1_y>a)") == Chars(mask_of("a"))


@given(st.text(alphabet=r"ab()[]{}|*+?\^$.,:-1=!<>PQEdpi" + "\u00e4"))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(InvalidRegularExpressionError):
        parse(text)
