"""What a request is charged, and what its client is told."""

from types import SimpleNamespace
from typing import Any

from logcore.broker.context import ANONYMOUS, RequestContext
from logcore.broker.quotas.meter import EXEMPT, Meter
from logcore.common.clock import ManualClock
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.metadata import MetadataResponse
from logcore.protocol.messages.produce import ProduceResponse


class Quota:
    def __init__(self, wait_ms: int = 0) -> None:
        self.wait_ms = wait_ms
        self.charged: list[Any] = []
        self.noted: list[Any] = []

    def charge(self, user: str, client_id: str, amount: float) -> int:
        self.charged.append((user, client_id, amount))
        return self.wait_ms

    def note(self, user: str, client_id: str, amount: float) -> None:
        self.noted.append((user, client_id, amount))


class Quotas:
    def __init__(self, produce: Quota | None = None, request: Quota | None = None) -> None:
        self.produce: Any = produce
        self.request: Any = request
        self.throttled: list[Any] = []

    def throttle(self, name: str, context: RequestContext, wait_ms: int) -> None:  # noqa: ARG002
        self.throttled.append((name, wait_ms))


def metered(quotas: Quotas, clock: ManualClock, key: ApiKey = ApiKey.PRODUCE) -> Meter:
    context = RequestContext(key, 9, 1, "c", SimpleNamespace(), ANONYMOUS)  # type: ignore[arg-type]
    return Meter(quotas, context, 500, clock.monotonic_ns(), clock)


def test_a_produce_is_charged_its_bytes_and_its_time():
    quotas, clock = Quotas(Quota(7), Quota(3)), ManualClock()
    meter = metered(quotas, clock)
    clock.advance(20)
    response = ProduceResponse()
    meter.settle(response)
    meter.settle(response)
    assert quotas.produce.charged == [("ANONYMOUS", "c", 500)]
    assert quotas.request.charged == [("ANONYMOUS", "c", 2.0)]  # 20 ms are 2% of a second
    assert response.throttle_time_ms == 7
    assert quotas.throttled == [("produce", 7)]
    meter.pause()
    assert not quotas.request.noted


def test_time_that_a_request_only_waits_is_not_charged():
    quotas, clock = Quotas(request=Quota(5)), ManualClock()
    meter = metered(quotas, clock, ApiKey.METADATA)
    clock.advance(10)
    meter.pause()
    clock.advance(10_000)
    response = MetadataResponse()
    meter.settle(response)
    assert quotas.request.noted == [("ANONYMOUS", "c", 1.0)]
    assert quotas.request.charged == [("ANONYMOUS", "c", 0)]
    assert (response.throttle_time_ms, quotas.throttled) == (5, [("request", 5)])


def test_a_longer_wait_that_the_handler_told_stays():
    quotas = Quotas(request=Quota(5))
    response = MetadataResponse(throttle_time_ms=100)
    metered(quotas, ManualClock(), ApiKey.METADATA).settle(response)
    assert response.throttle_time_ms == 100


def test_a_produce_without_an_answer_is_charged_bytes_alone():
    quotas = Quotas(Quota(9), Quota(20))
    metered(quotas, ManualClock()).settle(None)
    assert quotas.throttled == [("produce", 9)]
    assert not quotas.request.charged


def test_brokers_among_themselves_and_logins_cost_nothing():
    quotas = Quotas(request=Quota(5))
    for key in EXEMPT:
        meter = metered(quotas, ManualClock(), key)
        meter.pause()
        meter.settle(SimpleNamespace(throttle_time_ms=0))
    assert not quotas.request.charged
    assert not quotas.request.noted
    assert not quotas.throttled


def test_who_need_not_wait_is_told_nothing():
    quotas = Quotas(Quota(), Quota())
    response = ProduceResponse()
    metered(quotas, ManualClock()).settle(response)
    assert (response.throttle_time_ms, quotas.throttled) == (0, [])
