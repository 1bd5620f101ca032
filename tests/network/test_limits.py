"""The limits on connections."""

import pytest

from logcore.network.limits import ConnectionLimits


def test_without_limits_everybody_is_admitted():
    limits = ConnectionLimits()
    assert [limits.admit("10.0.0.1") for _ in range(1000)] == [None] * 1000
    assert (limits.count, limits.is_full) == (1000, False)


def test_an_address_has_so_many():
    limits = ConnectionLimits(per_ip_max=2, per_ip_overrides={"10.0.0.9": 1})
    assert limits.admit("10.0.0.1") is None
    assert limits.admit("10.0.0.1") is None
    refusal = limits.admit("10.0.0.1")
    assert refusal == "has 2 connections already, and max.connections.per.ip allows no more"
    assert limits.admit("10.0.0.2") is None
    assert limits.admit("10.0.0.9") is None
    assert limits.admit("10.0.0.9") is not None
    limits.release("10.0.0.1")
    assert limits.admit("10.0.0.1") is None
    assert limits.count == 4


def test_nobody_at_all():
    assert ConnectionLimits(per_ip_max=0).admit("10.0.0.1") is not None


def test_when_it_is_full_whoever_waits_is_told_of_room():
    limits = ConnectionLimits(total_max=1)
    told = []
    limits.admit("10.0.0.1")
    assert limits.is_full
    limits.when_not_full(lambda: told.append(1))
    limits.release("10.0.0.1")
    assert (told, limits.is_full, limits.count) == ([1], False, 0)
    limits.admit("10.0.0.1")
    limits.release("10.0.0.1")
    assert told == [1], "once"


def test_raising_a_limit_makes_room_at_once():
    limits = ConnectionLimits(total_max=1)
    told = []
    limits.admit("10.0.0.1")
    limits.when_not_full(lambda: told.append(1))
    limits.total_max = 2
    limits.wake()
    assert told == [1]


def test_releasing_what_was_not_admitted_is_a_mistake():
    with pytest.raises(AssertionError):
        ConnectionLimits().release("10.0.0.1")
