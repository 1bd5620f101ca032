"""What one request takes of its client's quotas: bytes that it brought, and time of the loop.

A request is charged when its answer leaves, the client waits after that (KIP-219). Time in which
it only waits, for records or for others, is nobody's.
Invariant: a request is charged once, whether it is answered, refused, or asks for no answer.
Neighbours: `dispatch` makes one where there are quotas; `quotas` throttles.
Source: Apache Kafka 4.3.1, `KafkaApis` and `RequestHandlerHelper`.
"""

from typing import Any, Final, Protocol

from logcore.broker.context import RequestContext
from logcore.broker.quotas.client_quota import ClientQuota
from logcore.common.clock import Clock
from logcore.protocol.api_keys import ApiKey

PERCENT_PER_NS: Final = 100 / 1e9

EXEMPT: Final = frozenset(
    {
        ApiKey.WRITE_TXN_MARKERS,
        ApiKey.SASL_HANDSHAKE,
        ApiKey.SASL_AUTHENTICATE,
        ApiKey.INITIALIZE_SHARE_GROUP_STATE,
        ApiKey.READ_SHARE_GROUP_STATE,
        ApiKey.WRITE_SHARE_GROUP_STATE,
        ApiKey.DELETE_SHARE_GROUP_STATE,
        ApiKey.READ_SHARE_GROUP_STATE_SUMMARY,
    }
)
"""What brokers ask of each other, and logging in: their time is not counted."""


class Throttler(Protocol):
    """Holds the quotas, and makes clients wait."""

    produce: ClientQuota | None
    request: ClientQuota | None

    def throttle(self, name: str, context: RequestContext, wait_ms: int) -> None:
        """Have a client wait."""


class Meter:
    """Charges one request.

    Args:
        quotas: What it is charged to.
        context: The request's surroundings.
        size_bytes: How large it is.
        began_ns: When it came, on the monotonic clock.
        clock: That clock.
    """

    __slots__ = ("_began_ns", "_clock", "_context", "_is_settled", "_quotas", "_size_bytes")

    def __init__(
        self,
        quotas: Throttler,
        context: RequestContext,
        size_bytes: int,
        began_ns: int,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._quotas = quotas
        self._context = context
        self._size_bytes = size_bytes
        self._began_ns: int | None = began_ns
        self._is_settled = False

    def pause(self) -> None:
        """Count the time until now, and none from now on: the handler returned."""
        began_ns, self._began_ns = self._began_ns, None
        if self._is_settled or began_ns is None:
            return
        request, context = self._quotas.request, self._context
        if request is not None and context.api_key not in EXEMPT:
            spent = (self._clock.monotonic_ns() - began_ns) * PERCENT_PER_NS
            request.note(context.principal.name, context.client_id or "", spent)

    def settle(self, response: Any) -> None:  # noqa: ANN401 - a message, or None
        """Charge the request, and have its client wait where it must; the response says so."""
        if self._is_settled:
            return
        self._is_settled = True
        context = self._context
        user, client_id = context.principal.name, context.client_id or ""
        produce, request = self._quotas.produce, self._quotas.request
        bytes_ms = time_ms = 0
        if produce is not None and context.api_key == ApiKey.PRODUCE:
            bytes_ms = produce.charge(user, client_id, self._size_bytes)
        if request is not None and response is not None and context.api_key not in EXEMPT:
            began_ns = self._began_ns
            spent_ns = 0 if began_ns is None else self._clock.monotonic_ns() - began_ns
            time_ms = request.charge(user, client_id, spent_ns * PERCENT_PER_NS)
        wait_ms = max(bytes_ms, time_ms)
        if not wait_ms:
            return
        if response is not None and hasattr(response, "throttle_time_ms"):
            response.throttle_time_ms = max(response.throttle_time_ms, wait_ms)
        self._quotas.throttle("produce" if bytes_ms > time_ms else "request", context, wait_ms)
