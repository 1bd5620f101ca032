"""The quota of changes: strict where a refusal can be told, patient where it cannot."""

import pytest

from logcore.broker.quotas.limits import Limits
from logcore.broker.quotas.mutations import Charge, MutationQuota
from logcore.common.clock import ManualClock
from logcore.common.errors import ThrottlingQuotaExceededError
from logcore.common.rates import Window
from logcore.controller.client_quotas import USER, entity_of

KEY = "controller_mutation_rate"


def quota(clock: ManualClock, rate: float = 1.0) -> MutationQuota:
    limits = Limits({entity_of([(USER, "u")]): {KEY: rate}}, KEY)
    return MutationQuota(limits, Window(10, 1000), clock)


def test_a_strict_request_may_overdraw_once_and_is_refused_until_that_is_paid_back():
    clock = ManualClock()
    held = quota(clock)
    first = held.charge_of("u", "c", is_strict=True)
    first(15)
    assert (first.is_exceeded, first.wait_ms) == (False, 0)
    with pytest.raises(ThrottlingQuotaExceededError):
        first(1)
    assert (first.is_exceeded, first.wait_ms) == (True, 5000)
    clock.advance(4999)
    with pytest.raises(ThrottlingQuotaExceededError):
        held.charge_of("u", "c", is_strict=True)(1)
    clock.advance(1)
    held.charge_of("u", "c", is_strict=True)(1)


def test_an_old_request_is_served_and_waits():
    held = quota(ManualClock())
    charge = held.charge_of("u", "c", is_strict=False)
    charge(12)
    charge(1)
    assert (charge.is_exceeded, charge.wait_ms) == (True, 3000)


def test_who_has_no_quota_is_not_charged():
    held = quota(ManualClock())
    charge = held.charge_of("v", "c", is_strict=True)
    charge(10**9)
    assert (charge.is_exceeded, charge.wait_ms) == (False, 0)
    assert Charge(None, ManualClock(), is_strict=True).wait_ms == 0


def test_another_rate_fills_the_same_bucket():
    clock = ManualClock()
    held = quota(clock)
    held.charge_of("u", "c", is_strict=False)(20)
    assert dict(held.tokens()) == {("u", ""): -10}
    held.change(Limits({entity_of([(USER, "u")]): {KEY: 10.0}}, KEY))
    charge = held.charge_of("u", "c", is_strict=True)
    with pytest.raises(ThrottlingQuotaExceededError):
        charge(1)
    assert charge.wait_ms == 1000
