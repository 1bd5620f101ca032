"""Checks: what they allow, how they say so."""

import pytest

from logcore.common.config_values import (
    EachLike,
    ListOf,
    NotEmpty,
    OffsetReset,
    OneOf,
    Range,
    ThrottledReplicas,
)

ALLOWED = [
    (Range(1), 1),
    (Range(0, 1), 0.5),
    (Range(1, 9, -1), -1),
    (OneOf(("a", "b")), "a"),
    (OneOf(("A",), ignores_case=True), "a"),
    (ListOf(("a", "b")), ("b", "a", "a")),
    (ListOf(), None),
    (ListOf(), ()),
    (NotEmpty(), "x"),
    (NotEmpty(), None),
    (ThrottledReplicas(), ()),
    (ThrottledReplicas(), ("*",)),
    (ThrottledReplicas(), ("0:1", "10:2")),
    (EachLike(r"\d+@x", "1@x"), ("1@x",)),
    (EachLike(r"\d+@x", "1@x"), None),
    (EachLike(r"\d+@x", "1@x"), ""),
    (EachLike(r"\d+@x", "1@x"), "1@x, 2@x"),
    (OffsetReset(), "latest"),
    (OffsetReset(), "by_duration:PT1H"),
    (OffsetReset(), "by_duration:P1DT2H3M4.5S"),
]

REFUSED = [
    (Range(1), 0, "Value must be at least 1"),
    (Range(0, 1), 1.5, "Value must be no more than 1"),
    (Range(0, 1), float("nan"), "Value must be at least 0"),
    (Range(1, 9, -1), 0, "Value must be between 1 and 9, or equal to -1"),
    (OneOf(("a", "b")), "A", "String must be one of: a, b"),
    (OneOf(("a",)), None, "String must be one of: a"),
    (ListOf(("a", "b")), ("a", "c"), "Each value must be one of: a, b"),
    (ListOf(), ("a", ""), "No value of the list may be empty"),
    (NotEmpty(), "", "String must be non-empty"),
    (ThrottledReplicas(), ("*", "0:1"), "[partitionId]:[brokerId]"),
    (ThrottledReplicas(), ("0",), "[partitionId]:[brokerId]"),
    (EachLike(r"\d+@x", "1@x"), ("@x",), "look like 1@x"),
    (OffsetReset(), "", "by_duration"),
    (OffsetReset(), "latest:PT1H", "by_duration"),
    (OffsetReset(), "by_duration:", "by_duration"),
    (OffsetReset(), "by_duration:P", "by_duration"),
    (OffsetReset(), "by_duration:PT", "by_duration"),
    (OffsetReset(), "by_duration:-PT1H", "by_duration"),
    (OffsetReset(), "by_duration:1h", "by_duration"),
]

SHOWN = [
    (Range(0), "[0,...]"),
    (Range(0, 1), "[0,...,1]"),
    (Range(1, 9, -1), "[1,...,9] or -1"),
    (OneOf(("a", "b")), "[a, b]"),
    (OneOf(("a",), ignores_case=True), "(case insensitive) [a]"),
    (ListOf(("a",)), "[a]"),
    (ListOf(), ""),
    (NotEmpty(), "non-empty string"),
    (EachLike("x", "1@x"), "1@x,..."),
]


@pytest.mark.parametrize(("check", "value"), ALLOWED)
def test_what_is_allowed(check, value):
    assert check.problem(value) is None


@pytest.mark.parametrize(("check", "value", "problem"), REFUSED)
def test_what_is_refused(check, value, problem):
    assert problem in check.problem(value)


@pytest.mark.parametrize(("check", "text"), SHOWN)
def test_how_it_is_documented(check, text):
    assert str(check) == text
