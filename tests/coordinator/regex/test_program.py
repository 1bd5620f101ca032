"""Matching: the same names as Python's own engine, in time that nothing can blow up."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.common.errors import InvalidRegularExpressionError
from logcore.coordinator.regex import program as program_module
from logcore.coordinator.regex.program import FOLLOWING_MAX, Program

FIELD = "TheField"


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
        ("\u00e4.", ["\u00e4b", "\u00e4\u20ac"], ["ab", "\u00e4", "\u00e4\n"]),
        ("[\u00e0-\u00ff]", ["\u00e4"], ["a", "\u20ac"]),
        ("[^a]", ["b", "\u00e4", "\n", "\U0001f600"], ["a"]),
        ("[^\u00e4-\u00e6x]", ["a", "\u00e7"], ["\u00e4", "\u00e6", "x"]),
        (r"\W\D\S", ["\u00e4\u00e4\u00e4"], ["a\u00e4\u00e4"]),
        (r"\w|\d|\s", ["a", "1", " "], ["\u00e4", "\u0661", "\u00a0"]),
        (r"[\D1]", ["1", "\u00e4", "\u0661"], ["2"]),
        (r"\bx\b.", ["x\u00e4"], ["xa"]),
        (r"\pL\p{Nd}", ["a1", "\u00e41", "\u00e4\u0661"], ["1a", "\u20ac1"]),
        (r"[^\pL]", ["1", "\u20ac"], ["a", "\u00e4"]),
        (r"[\PLy]", ["1", "\u20ac", "y"], ["a", "\u00e4"]),
        (
            "(?i)\u00e4[\u00c0-\u00c6]",
            ["\u00c4\u00e4", "\u00e4\u00c4"],
            ["a\u00e4", "\u00e4\u00ff"],
        ),
        ("(?i)[^\u00e4]", ["a"], ["\u00e4", "\u00c4"]),
        ("(?i)\u03c2", ["\u03c3", "\u03a3", "\u03c2"], ["s"]),
        (r"(?i)\p{Lu}", ["a", "A", "\u00e4"], ["1"]),
        (r"\x{e4}\x{1F600}", ["\u00e4\U0001f600"], ["\u00e4"]),
        (".", ["a"], ["\n", ""]),
        ("(?s).", ["a", "\n"], [""]),
        ("(?s:.).", ["\na"], ["\n\n"]),
        ("a.^b", [], ["a\nb"]),
        ("(?ms)a$.^b", ["a\nb"], ["axb"]),
        ("(?m)^a$", ["a"], ["a\n"]),
        (r"(?m)\Aa\z", ["a"], ["a\n"]),
    ],
)
def test_a_whole_name_matches_or_not(text, matching, others):
    program = Program(text, FIELD)
    assert [name for name in [*matching, *others] if program.matches(name)] == matching


ATOMS = [
    *("a", "b", "1", "-", ".", "^", "$", "[ab]", "[^a]"),
    *(r"\w", r"\W", r"\d", r"\D", r"\S", r"\b", r"\B", r"[^\wb]"),
    *("\u00e4", "[^\u00e4]", "[\u00e0-\u00ff1]", "[^b-\u20ac]"),
]
SIMPLE = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,1}"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=8,
)


NAMES = st.lists(st.text(alphabet="ab1-.\n\u00e4\u00c4\u20ac", min_size=1, max_size=6), max_size=8)


@given(SIMPLE, NAMES)
def test_the_same_names_match_as_with_python_s_engine(text, names):
    ours, theirs = Program(text, FIELD), re.compile(text.replace("$", r"\Z"), re.ASCII)
    for name in names:
        assert ours.matches(name) == (theirs.fullmatch(name) is not None), (text, name)


CASELESS = st.lists(
    st.sampled_from(["a", "B", "\u00e4", "\u00c4", "[\u00e0-\u00ff]", "[^\u00c4b]", "[^a]", "."]),
    min_size=1,
    max_size=5,
).map("".join)


@given(CASELESS, NAMES)
def test_case_is_ignored_as_by_python_s_engine(text, names):
    ours, theirs = Program(f"(?i){text}", FIELD), re.compile(text, re.IGNORECASE)
    for name in names:
        assert ours.matches(name) == (theirs.fullmatch(name) is not None), (text, name)


@pytest.mark.parametrize("text", ["(a+)+b", "(a|a)*b", "(a|aa)+$b", "(.*)*(.*)*(.*)*x"])
def test_what_makes_others_backtrack_costs_no_more_than_its_length(text):
    program = Program(text, FIELD)
    assert not program.matches("a" * 249)
    assert program.work < 20_000


def test_work_grows_with_size_times_length_at_most():
    program = Program("(a|b)*a(a|b){200}", FIELD)
    name = "ab" * 120
    program.matches(name)
    assert program.work < len(name) * 2_500


def test_states_are_remembered_but_not_without_end(monkeypatch):
    monkeypatch.setattr(program_module, "STATES_MAX", 5)
    program = Program("(a|b)*a(a|b){10}", FIELD)
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
        Program(text, FIELD)


def test_a_search_that_may_take_so_many_steps_ends_there():
    program = Program("(a|b)*a(a|b){50}", FIELD, search_max=5_000)
    assert program.matches("a" * 51)
    with pytest.raises(InvalidRegularExpressionError, match="takes too much work"):
        program.matches("abbab" * 50)
    assert program.work < 6_000


def test_what_is_remembered_takes_no_search():
    program = Program("order-[0-9]+", FIELD, search_max=1_000)
    assert all(program.matches(f"order-{number}") for number in range(10_000))


def test_a_state_does_not_remember_all_of_unicode():
    program = Program(".*", FIELD)
    name = "".join(map(chr, range(0x4E00, 0x4E00 + 4 * FOLLOWING_MAX)))
    assert program.matches(name)
    assert program.matches(name)
    assert sum(len(state.following) for state in program._states.values()) <= FOLLOWING_MAX


def test_a_broker_loads_none_of_it_before_a_client_brings_an_expression():
    code = (
        "import sys, logcore.coordinator.group.service, logcore.coordinator.transaction.service\n"
        "print([name for name in sys.modules if 'coordinator.regex' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
