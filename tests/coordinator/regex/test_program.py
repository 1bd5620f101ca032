"""Matching: the same names as Python's own engine, in time that nothing can blow up."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.common.errors import InvalidRegularExpressionError
from logcore.coordinator.regex import program as program_module
from logcore.coordinator.regex.program import Program


@pytest.mark.parametrize(
    ("text", "matching", "others"),
    [
        ("topic", ["topic"], ["topics", "atopic", ""]),
        ("", [""], ["a"]),
        ("a.*", ["a", "abc"], ["ba"]),
        ("a|bc|", ["a", "bc", ""], ["b", "abc"]),
        ("(a|b)c", ["ac", "bc"], ["a", "c"]),
        ("a{2,3}", ["aa", "aaa"], ["a", "aaaa"]),
        ("(ab){2}", ["abab"], ["ab", "ababab"]),
        ("a{0}b", ["b"], ["ab"]),
        ("(a*)*b", ["b", "aab"], ["a"]),
        ("(|a)+", ["", "aa"], ["b"]),
        ("^a$", ["a"], ["aa"]),
        ("a^b|c$d|$", [""], ["ab", "cd"]),
        (r"\Aab\z", ["ab"], ["a"]),
        (r"\bfoo\b.\bbar\b", ["foo-bar"], ["fooxbar", "foo--bar"]),
        (r"foo\Bbar", ["foobar"], ["foo-bar"]),
        (r"a\b", ["a"], []),
        (r"\ba\b", ["a"], ["b"]),
        (r"(?i)orders-\d+", ["ORDERS-1", "Orders-22"], ["orders-"]),
        (r"[\w.-]+", ["a.b-c_1"], ["a b"]),
    ],
)
def test_a_whole_name_matches_or_not(text, matching, others):
    program = Program(text)
    assert [name for name in [*matching, *others] if program.matches(name)] == matching


def test_names_beyond_ascii_match_only_nothing_in_particular():
    assert not Program(".").matches("\u00e4")


SIMPLE = st.recursive(
    st.sampled_from(
        ["a", "b", ".", "[ab]", "[^a]", r"\w", r"\d", r"\b", r"\B", "^", "$", "1", "-"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,1}"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=8,
)


@given(SIMPLE, st.lists(st.text(alphabet="ab1-.", min_size=1, max_size=6), max_size=8))
def test_the_same_names_match_as_with_python_s_engine(text, names):
    ours, theirs = Program(text), re.compile(text.replace("$", r"\Z"))
    for name in names:
        assert ours.matches(name) == (theirs.fullmatch(name) is not None), (text, name)


@pytest.mark.parametrize("text", ["(a+)+b", "(a|a)*b", "(a|aa)+$b", "(.*)*(.*)*(.*)*x"])
def test_what_makes_others_backtrack_costs_no_more_than_its_length(text):
    program = Program(text)
    assert not program.matches("a" * 249)
    assert program.work < 20_000


def test_work_grows_with_size_times_length_at_most():
    program = Program("(a|b)*a(a|b){200}")
    name = "ab" * 120
    program.matches(name)
    assert program.work < len(name) * 2_500


def test_states_are_remembered_but_not_without_end(monkeypatch):
    monkeypatch.setattr(program_module, "STATES_MAX", 5)
    program = Program("(a|b)*a(a|b){10}")
    pattern = re.compile("(a|b)*a(a|b){10}")
    for number in range(300):
        name = f"{number:b}".replace("0", "a").replace("1", "b") * 2
        assert program.matches(name) == (pattern.fullmatch(name) is not None)
    warm = program.work
    program.matches("a")
    assert program.work - warm < 100


@pytest.mark.parametrize(
    "text", ["((a{100}){100}){100}", "((((){1000}){1000}){1000})", "(a{1000}){50}"]
)
def test_what_is_too_large_written_out_is_refused(text):
    with pytest.raises(InvalidRegularExpressionError, match="too large"):
        Program(text)
