"""Resolving expressions over the topics, a slice at a time."""

import pytest

from logcore.common.errors import InvalidRegularExpressionError
from logcore.coordinator.group.regex import Resolution, check


def everybody(_):
    return True


def test_each_expression_gets_the_topics_it_matches():
    resolution = Resolution(["a.*", "b", "none"], ["a", "ab", "b", "c"], everybody)
    assert resolution.go_on()
    assert resolution.found == {
        "a.*": frozenset({"a", "ab"}),
        "b": frozenset({"b"}),
        "none": frozenset(),
    }


def test_topics_that_may_not_be_known_are_left_out():
    resolution = Resolution([".*"], ["mine", "theirs"], lambda name: name == "mine")
    assert resolution.go_on()
    assert resolution.found == {".*": frozenset({"mine"})}


def test_what_is_no_expression_matches_nothing():
    resolution = Resolution(["(", ".*"], ["a"], everybody)
    assert resolution.go_on()
    assert resolution.found == {"(": frozenset(), ".*": frozenset({"a"})}


def test_work_is_done_in_slices():
    names = [f"topic-{number}" for number in range(1000)]
    resolution = Resolution(["topic-.*"], names, everybody)
    slices = 1
    while not resolution.go_on(steps=1_000):
        slices += 1
    assert slices > 5
    assert len(resolution.found["topic-.*"]) == 1000


def test_the_topics_are_those_of_the_beginning():
    names = {"a": 1}
    resolution = Resolution([".*"], names, everybody)
    names["b"] = 2
    assert resolution.go_on()
    assert resolution.found[".*"] == {"a"}


def test_check_refuses_what_is_none():
    check("a.*")
    told = "SubscribedTopicRegex `a\\(` is not a valid regular expression: missing closing"
    with pytest.raises(InvalidRegularExpressionError, match=told):
        check("a(")
