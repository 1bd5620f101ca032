"""Java's properties syntax."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.common.properties import decode, parse

CASES = [
    ("a=1", {"a": "1"}),
    ("a = 1 ", {"a": "1 "}),
    ("a:1\nb : 2\nc 3", {"a": "1", "b": "2", "c": "3"}),
    ("  # no\n! no\n\n a=#yes", {"a": "#yes"}),
    ("a=1\na=2", {"a": "2"}),
    ("a", {"a": ""}),
    ("a=", {"a": ""}),
    ("=x", {"": "x"}),
    ("a==b", {"a": "=b"}),
    ("a = = b", {"a": "= b"}),
    ("a=one,\\\n   two,\\\r\n\tthree", {"a": "one,two,three"}),
    ("a=b\\\\\nc=d", {"a": "b\\", "c": "d"}),
    ("a=b\\\n# not a comment", {"a": "b# not a comment"}),
    ("a=end\\", {"a": "end"}),
    (r"a\=b\:c\ d=e", {"a=b:c d": "e"}),
    (r"a=\t\n\r\f\q", {"a": "\t\n\r\fq"}),
    (r"a=\u00e9\u0041", {"a": "\u00e9A"}),
    (r"dirs=C:\\data", {"dirs": r"C:\data"}),
    ("a=1\rb=2", {"a": "1", "b": "2"}),
]


@pytest.mark.parametrize(("text", "entries"), CASES)
def test_entries(text, entries):
    assert parse(text) == entries


def test_bytes_that_are_not_utf8_are_latin1():
    assert decode("a=\u00e9".encode()) == "a=\u00e9"
    assert decode("a=\u00e9".encode("latin-1")) == "a=\u00e9"
    assert decode(b"\xef\xbb\xbfa=1") == "a=1"


@given(st.text())
def test_any_text_is_understood_somehow(text):
    assert all(isinstance(name, str) for name in parse(text))
