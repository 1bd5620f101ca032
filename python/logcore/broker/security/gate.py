"""What a listener demands of whoever connects to it, before it serves them.

Invariant: made once per listener, and never changed; each connection has a `session` of its own.
Neighbours: `logins` makes these from what `mechanisms` reads of the settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from logcore.broker.security.audit import LoginAudit
from logcore.broker.security.exchange import Mechanisms
from logcore.common.clock import Scheduler
from logcore.network.connection import RequestHandler


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What a listener's settings say of logins.

    Attributes:
        receive_max_bytes: Largest frame before somebody has logged in.
        request_max_bytes: Largest frame afterwards.
        failure_delay_ms: How long a refusal takes.
        lifetimes_ms: How long logins hold, by mechanism; 0 for ever.
    """

    receive_max_bytes: int
    request_max_bytes: int
    failure_delay_ms: int
    lifetimes_ms: Mapping[str, int]


class Gate:
    """Lets those in who log in.

    Args:
        listener: The listener's name.
        mechanisms: How one logs in.
        settings: What else the settings say.
        handler: Who serves those who are in.
        scheduler: Time and timers.
        audit: Who writes it down.
    """

    def __init__(
        self,
        listener: str,
        mechanisms: Mechanisms,
        settings: GateSettings,
        handler: RequestHandler,
        scheduler: Scheduler,
        audit: LoginAudit,
    ) -> None:
        self.listener = listener
        self.mechanisms = mechanisms
        self.receive_max_bytes = settings.receive_max_bytes
        self.request_max_bytes = settings.request_max_bytes
        self.failure_delay_ms = settings.failure_delay_ms
        self.next = handler
        self.scheduler = scheduler
        self.audit = audit
        self._lifetimes_ms = settings.lifetimes_ms

    def lifetime_max_ms(self, mechanism: str) -> int:
        """Return how long a login holds at most; 0 for ever."""
        return self._lifetimes_ms.get(mechanism, 0)
