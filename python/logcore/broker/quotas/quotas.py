"""`Quotas`: the quotas that are in force, and making clients wait.

Invariant: a quota that nobody has is None, so that asking for it costs one attribute; what was
counted outlives a change of limits, but not their end.
Neighbours: `server` feeds the metadata in; `dispatch` and handlers ask; `network.limits` is told
the rates of connections by address.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.context import RequestContext
from logcore.broker.lanes import SLOW_LANE, Lanes
from logcore.broker.quotas.addresses import is_address, plain, resolved
from logcore.broker.quotas.client_quota import ClientQuota
from logcore.broker.quotas.limits import Limits, address_limits
from logcore.broker.quotas.meter import Meter
from logcore.broker.quotas.mutations import Charge, MutationQuota
from logcore.common.clock import Clock, SystemClock
from logcore.common.deferred import Deferred
from logcore.common.metrics import Metrics
from logcore.common.rates import WAIT_MAX_MS, Window
from logcore.controller import client_quotas
from logcore.controller.controller import Controller
from logcore.controller.image import MetadataDelta

AddressRates = Mapping[str | None, float]
"""Connections per second by address; None for all others."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Over how much time is measured.

    Attributes:
        of_clients: What clients take (``quota.window.*``).
        of_mutations: What they change (``controller.quota.window.*``).
    """

    of_clients: Window = field(default_factory=Window)
    of_mutations: Window = field(default_factory=Window)


class Quotas:
    """All quotas of a broker, none at first.

    Args:
        clock: What time it is.
        metrics: Where waits are counted.
        windows: Over how much time is measured.
        lanes: Where names of addresses are looked up; without, only addresses count.

    Attributes:
        produce: The quota of bytes produced; None if nobody has one. So are the others.
        fetch: That of bytes fetched.
        request: That of time.
        mutations: That of partitions created and deleted.
        is_active: Whether a request may have to be metered.
    """

    def __init__(
        self,
        clock: Clock,
        metrics: Metrics,
        windows: Windows | None = None,
        lanes: Lanes | None = None,
    ) -> None:
        self.produce: ClientQuota | None = None
        self.fetch: ClientQuota | None = None
        self.request: ClientQuota | None = None
        self.mutations: MutationQuota | None = None
        self.is_active = False
        self._clock = clock
        self._lanes = lanes
        self._windows = windows or Windows()
        self._entity_count = 0
        self._address_limits: AddressRates = {}
        self._address_rates: AddressRates = {}
        self._tell: Callable[[AddressRates], object] = lambda _rates: None
        labels = ("quota",)
        self._throttled = metrics.counter(
            "logcore_throttled_total", "Times that a client had to wait, by quota", labels
        )
        self._seconds = metrics.counter(
            "logcore_throttle_seconds_total", "How long clients had to wait, by quota", labels
        )
        metrics.observe_gauge(
            "logcore_quota_entities",
            "Users, client ids and addresses that quotas are set of",
            lambda: self._entity_count,
        )

    # ------------------------------------------------------------ what is in force

    def follow(self, delta: MetadataDelta) -> None:
        """Apply a change of the metadata."""
        if delta.new.client_quotas is not delta.old.client_quotas:
            self.apply(delta.new.client_quotas)

    def apply(self, quotas: client_quotas.Quotas) -> None:
        """Go by these quotas from now on."""
        self._entity_count = len(quotas)
        window = self._windows.of_clients
        self.produce = self._after(self.produce, "produce", quotas, window)
        self.fetch = self._after(self.fetch, "fetch", quotas, window)
        self.request = self._after(self.request, "request", quotas, window, window.sample_ms)
        limits = Limits(quotas, client_quotas.CONTROLLER_MUTATION_RATE)
        if self.mutations is not None and limits:
            self.mutations.change(limits)
        else:
            made = MutationQuota(limits, self._windows.of_mutations, self._clock)
            self.mutations = made if limits else None
        self.is_active = not (self.produce is None and self.request is None)
        self._apply_addresses(address_limits(quotas, client_quotas.CONNECTION_CREATION_RATE))

    def _after(
        self,
        quota: ClientQuota | None,
        name: str,
        quotas: client_quotas.Quotas,
        window: Window,
        wait_max_ms: int = WAIT_MAX_MS,
    ) -> ClientQuota | None:
        """Return a quota after a change, None if nobody has it."""
        limits = Limits(quotas, _KEYS[name])
        if not limits:
            return None
        if quota is None:
            return ClientQuota(name, limits, window, self._clock, wait_max_ms)
        quota.change(limits)
        return quota

    def _apply_addresses(self, limits: AddressRates) -> None:
        if limits == self._address_limits:
            return
        self._address_limits = limits
        rates = {
            name if name is None else plain(name): rate
            for name, rate in limits.items()
            if name is None or is_address(name)
        }
        self._set_address_rates(rates)
        named = {name: rate for name, rate in limits.items() if name and not is_address(name)}
        if not named or self._lanes is None:
            return

        def add(done: Deferred[AddressRates]) -> None:
            if done.error is None and self._address_limits is limits:
                self._set_address_rates({**done.value(), **rates})

        self._lanes.run(SLOW_LANE, lambda: _by_address(named)).then(add)

    def tell_address_rates(self, tell: Callable[[AddressRates], object]) -> None:
        """Tell somebody the rates of connections by address, now and after each change."""
        self._tell = tell
        tell(self._address_rates)

    def _set_address_rates(self, rates: AddressRates) -> None:
        self._address_rates = rates
        self._tell(rates)

    # ------------------------------------------------------------ asking

    def meter(self, context: RequestContext, size_bytes: int, began_ns: int) -> Meter:
        """Return what charges a request."""
        return Meter(self, context, size_bytes, began_ns, self._clock)

    def mutation_charge(self, context: RequestContext, strict_since: int) -> Charge:
        """Return what a request that creates or deletes partitions is charged with.

        Args:
            context: Its surroundings.
            strict_since: The version from which on it can be refused.
        """
        if self.mutations is None:
            return Charge(None, self._clock, is_strict=False)
        return self.mutations.charge_of(
            context.principal.name,
            context.client_id or "",
            is_strict=context.version >= strict_since,
        )

    def throttle_mutation(self, context: RequestContext, charge: Charge) -> int:
        """Have the client of a request wait if it was charged too much; return how long."""
        wait_ms = charge.wait_ms
        self.throttle("controller_mutation", context, wait_ms)
        return wait_ms

    def throttle(self, name: str, context: RequestContext, wait_ms: int) -> None:
        """Have a client wait: nothing more is read from its connection until then."""
        if wait_ms > 0:
            self._throttled.increment(name)
            self._seconds.add(wait_ms / 1000, name)
            context.connection.throttle(wait_ms)


_KEYS: Final = {
    "produce": client_quotas.PRODUCER_BYTE_RATE,
    "fetch": client_quotas.CONSUMER_BYTE_RATE,
    "request": client_quotas.REQUEST_PERCENTAGE,
}


def _by_address(named: Mapping[str, float]) -> AddressRates:
    return {address: rate for name, rate in named.items() for address in resolved(name)}


def unlimited() -> Quotas:
    """Return quotas that nobody has and that are shown nowhere."""
    return Quotas(SystemClock(), Metrics())


def make_quotas(
    config: BrokerConfig, clock: Clock, lanes: Lanes, controller: Controller, metrics: Metrics
) -> Quotas:
    """Make the quotas of a broker, which follow the metadata."""
    of_clients = Window(config["quota.window.num"], config["quota.window.size.seconds"] * 1000)
    of_mutations = Window(
        config["controller.quota.window.num"],
        config["controller.quota.window.size.seconds"] * 1000,
    )
    windows = Windows(of_clients, of_mutations)
    quotas = Quotas(clock, metrics, windows, lanes)
    quotas.apply(controller.image.client_quotas)
    controller.subscribe(quotas.follow)
    return quotas
