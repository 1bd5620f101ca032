"""Keys: how text becomes a value, how a value becomes text, and how mistakes are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.common.config import (
    BOOLEAN,
    CLASS,
    DOUBLE,
    INT,
    LIST,
    LONG,
    PASSWORD,
    SHORT,
    STRING,
    ConfigDef,
    ConfigError,
    ConfigKey,
    nearest,
    text_of,
    to_text,
)
from logcore.common.config_values import POSITIVE

READ = [
    (BOOLEAN, " TRUE ", True),
    (BOOLEAN, "false", False),
    (STRING, " a b ", "a b"),
    (INT, " +5 ", 5),
    (INT, "-2147483648", -(2**31)),
    (SHORT, "32767", 32767),
    (LONG, "9223372036854775807", 2**63 - 1),
    (DOUBLE, "1e-1", 0.1),
    (DOUBLE, "1.5d", 1.5),
    (DOUBLE, "Infinity", float("inf")),
    (LIST, " a , b,c ", ("a", "b", "c")),
    (LIST, "  ", ()),
    (LIST, "a,,b", ("a", "", "b")),
    (CLASS, " org.X ", "org.X"),
    (PASSWORD, " secret ", " secret "),
]

REFUSED = [
    (BOOLEAN, "yes", "true or false"),
    (BOOLEAN, "", "true or false"),
    (INT, "2147483648", "type INT"),
    (INT, "1.0", "type INT"),
    (INT, "1_000", "type INT"),
    (INT, "", "type INT"),
    (INT, "+", "type INT"),
    (INT, "\u0661", "type INT"),
    (SHORT, "32768", "type SHORT"),
    (LONG, "9223372036854775808", "type LONG"),
    (LONG, "1e3", "type LONG"),
    (DOUBLE, "1,5", "type DOUBLE"),
    (DOUBLE, "nan", "type DOUBLE"),
    (DOUBLE, "", "type DOUBLE"),
]

PRINTED = [
    (True, "true"),
    (0, "0"),
    ((), ""),
    (("a", "b"), "a,b"),
    (None, None),
    ("x", "x"),
    (0.5, "0.5"),
    (0.0, "0.0"),
    (100.0, "100.0"),
    (1.7976931348623157e308, "1.7976931348623157E308"),
    (1e7, "1.0E7"),
    (1.25e-4, "1.25E-4"),
    (float("inf"), "Infinity"),
    (float("-inf"), "-Infinity"),
    (float("nan"), "NaN"),
]


@pytest.mark.parametrize(("kind", "text", "value"), READ)
def test_text_becomes_a_value(kind, text, value):
    assert ConfigKey("k", kind, None).parse(text) == value


@pytest.mark.parametrize(("kind", "text", "reason"), REFUSED)
def test_what_is_not_of_the_type_is_refused(kind, text, reason):
    with pytest.raises(ConfigError, match=reason) as caught:
        ConfigKey("some.key", kind, None).parse(text)
    assert caught.value.key == "some.key"
    assert caught.value.value == text
    assert "some.key" in str(caught.value)


@pytest.mark.parametrize(("value", "text"), PRINTED)
def test_a_value_becomes_text_as_java_prints_it(value, text):
    assert to_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_reads_back_as_it_was(value):
    text = to_text(value)
    assert text is not None
    assert ConfigKey("k", DOUBLE, None).parse(text) == value


def test_a_refusal_says_what_would_be_allowed():
    with pytest.raises(ConfigError) as caught:
        ConfigKey("num.partitions", INT, 1, POSITIVE).parse("0")
    message = "Invalid value 0 for configuration num.partitions: Value must be at least 1"
    assert str(caught.value) == message
    assert caught.value.code == 40


def test_a_password_is_never_told():
    key = ConfigKey("p", PASSWORD, None)
    assert key.is_sensitive
    assert "secret" not in str(key.refusal("secret", "no"))


def test_a_table_names_the_nearest_key():
    table = ConfigDef("topic", [ConfigKey("retention.ms", LONG, 1), ConfigKey("a", INT, 2)])
    assert list(table) == ["retention.ms", "a"]
    assert len(table) == 2
    assert table.parse_all({"a": "3"}) == {"a": 3}
    with pytest.raises(ConfigError, match=r"Unknown topic .*retention.mss .*retention.ms\?"):
        table.parse("retention.mss", "5")
    with pytest.raises(ConfigError, match=r"name: zork$"):
        table.key("zork")
    assert nearest("RETENTION.MS", table) == "retention.ms"


def test_a_key_is_defined_once():
    with pytest.raises(AssertionError, match="twice"):
        ConfigDef("topic", [ConfigKey("a", INT, 1), ConfigKey("a", INT, 2)])


def test_values_of_toml_become_text():
    assert [text_of(each) for each in (True, 5, 0.5, "x", ["a", 1, False])] == [
        "true", "5", "0.5", "x", "a,1,false",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="a dict"):
        text_of([{}])
