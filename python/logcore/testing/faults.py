"""Faults on request: errors, delays and lost connections, for the next so many requests.

Invariant: a request that no fault concerns reaches the broker untouched; a fault is spent when it
strikes. Faults are added by the test's thread and strike on the loop's.
Neighbours: `local_broker` puts a `Faults` before its broker's dispatcher; `refusals` makes errors.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from logcore.broker.apis import APIS
from logcore.common.clock import Scheduler
from logcore.common.deferred import Deferred
from logcore.common.errors import ClientTimeoutError, InvalidArgumentError, KafkaError
from logcore.network.connection import Connection, RequestHandler
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.header import RequestHeader, decode_request_header, response_header
from logcore.testing.refusals import refusal_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

Answer: TypeAlias = "list[Buffer] | None"
Served: TypeAlias = "Answer | Deferred[Answer]"
Strike: TypeAlias = Callable[[Connection, memoryview, RequestHeader, int], Served]

_NAMES: Final = {api.name.lower(): key for key, api in APIS.items()}


@dataclass(slots=True)
class _Fault:
    """A fault that waits for its requests."""

    key: ApiKey | None
    client_id: str | None
    left: int | None
    strike: Strike

    def concerns(self, header: RequestHeader) -> bool:
        return self.left != 0 and (
            self.key in {None, header.api_key} and self.client_id in {None, header.client_id}
        )


class Faults:
    """What goes wrong with the next requests of a broker.

    Each method takes the API by its name, such as ``"Produce"``, None for all of them; how many
    requests are struck (`times`, None for all until `clear`); and whose (`client_id`, None for
    anybody's). A request is struck by one fault: the one that was added first.

    Attributes:
        struck_count: How many requests were struck so far.

    Example:
        >>> from logcore.testing import LocalBroker
        >>> with LocalBroker() as broker:
        ...     broker.faults.fail("Produce", 6, times=2)  # NOT_LEADER_OR_FOLLOWER
        ...     broker.faults.drop("Fetch", is_served=True)
        ...     broker.faults.delay("Heartbeat", 500, times=None)
        ...     broker.faults.clear()
    """

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._faults: list[_Fault] = []
        self._handle: Callable[[Connection, memoryview], Served] | None = None
        self._scheduler: Scheduler | None = None
        self.struck_count = 0

    # ------------------------------------------------------------ what a test calls

    def fail(
        self,
        api: str | None,
        error: int | type[KafkaError],
        *,
        times: int | None = 1,
        client_id: str | None = None,
    ) -> None:
        """Answer with an error instead of serving.

        Args:
            api: Which API.
            error: Kafka's number of the error, or its class of `logcore.common.errors`.
            times: How many requests.
            client_id: Whose.

        Raises:
            InvalidArgumentError: If there is no such API.
        """
        code = error if isinstance(error, int) else error().code

        def strike(
            _: Connection, frame: memoryview, header: RequestHeader, position: int
        ) -> Answer:
            api = APIS[ApiKey(header.api_key)]
            request = api.request_class().decode(frame, header.version, position)
            response = refusal_of(request, api.response_class(), code, header.version)
            return response.encode(
                header.version,
                response_header(api.key, header.version, header.correlation_id),
            )

        self._add(api, times, client_id, strike)

    def delay(
        self,
        api: str | None,
        delay_ms: int,
        *,
        times: int | None = 1,
        client_id: str | None = None,
    ) -> None:
        """Serve a request so many milliseconds later; those behind it on its connection wait too.

        Raises:
            InvalidArgumentError: If there is no such API.
        """

        def strike(connection: Connection, frame: memoryview, *_: object) -> Served:
            later: Deferred[Answer] = Deferred()
            assert self._scheduler is not None, "set before the first request"
            self._scheduler.call_later(delay_ms, self._serve_into, connection, frame, later)
            return later

        self._add(api, times, client_id, strike)

    def drop(
        self,
        api: str | None,
        *,
        is_served: bool = False,
        times: int | None = 1,
        client_id: str | None = None,
    ) -> None:
        """Drop the connection on which a request comes.

        Args:
            api: Which API.
            is_served: Whether the request is served first, and only its answer lost: what an
                idempotent producer is for.
            times: How many requests.
            client_id: Whose.

        Raises:
            InvalidArgumentError: If there is no such API.
        """

        def strike(connection: Connection, frame: memoryview, *_: object) -> Served:
            if not is_served:
                connection.abort()
                return None
            served = self._serve(connection, frame)
            if isinstance(served, Deferred):
                served.then(lambda _: connection.abort())
                return Deferred()
            connection.abort()
            return None

        self._add(api, times, client_id, strike)

    def clear(self) -> None:
        """Have nothing go wrong any more."""
        with self._lock:
            self._faults.clear()

    def wait_struck(self, count: int = 1, timeout_s: float = 30.0) -> None:
        """Wait until so many requests were struck in all, by what runs beside the test.

        Args:
            count: How many, `struck_count` included.
            timeout_s: How long to wait, in seconds.

        Raises:
            ClientTimeoutError: If they do not come.
        """
        with self._lock:
            if not self._lock.wait_for(lambda: self.struck_count >= count, timeout_s):
                raise ClientTimeoutError(
                    f"{self.struck_count} of {count} requests were struck within {timeout_s:g} s"
                )

    def _add(
        self, api: str | None, times: int | None, client_id: str | None, strike: Strike
    ) -> None:
        key = None
        if api is not None:
            key = _NAMES.get(api.replace("_", "").lower())
            if key is None:
                raise InvalidArgumentError(f"the broker serves no API called {api}")
        with self._lock:
            self._faults.append(_Fault(key, client_id, times, strike))

    # ------------------------------------------------------------ what the broker calls

    def before(self, handler: RequestHandler, scheduler: Scheduler) -> RequestHandler:
        """Stand before what serves requests; done once per start of the broker."""
        self._handle = handler.handle
        self._scheduler = scheduler
        return self

    def handle(self, connection: Connection, frame: memoryview) -> Served:
        """Strike a request, or have it served."""
        if not self._faults:
            return self._serve(connection, frame)
        header, position = decode_request_header(frame)
        fault = self._take(header)
        if fault is None:
            return self._serve(connection, frame)
        return fault.strike(connection, frame, header, position)

    def _take(self, header: RequestHeader) -> _Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.concerns(header):
                    self.struck_count += 1
                    self._lock.notify_all()
                    if fault.left is not None:
                        fault.left -= 1
                        if not fault.left:
                            self._faults.remove(fault)
                    return fault
        return None

    def _serve(self, connection: Connection, frame: memoryview) -> Served:
        assert self._handle is not None, "set before the first request"
        return self._handle(connection, frame)

    def _serve_into(
        self, connection: Connection, frame: memoryview, later: Deferred[Answer]
    ) -> None:
        if connection.is_closed:
            later.complete(None)
            return
        served = self._serve(connection, frame)
        if isinstance(served, Deferred):
            served.then(lambda done: later.complete(done.value()))
        else:
            later.complete(served)
