"""Paths and flags of questions."""

from logcore.serialization.registry import asking


def test_a_name_stays_in_its_place():
    assert asking.in_path("../a?b#c/%2e") == "..%2Fa%3Fb%23c%2F%252e"
    assert asking.in_path(7) == "7"
    assert asking.path_of("config", None) == "config"
    assert asking.path_of("config", "a b") == "config/a%20b"


def test_a_flag_is_told_only_if_it_is_set():
    for flag in (asking.normalized, asking.with_deleted, asking.permanently):
        assert flag(False) == {}
        assert list(flag(True).values()) == [True]
