"""From a frame to its handler and back: decode, ask, encode; and what becomes of failures.

Invariant: every frame ends in exactly one of three ways: a response in the version it asked in, no
response because it asked for none, or a closed connection with one log line that names the peer
and the reason. Exceptions become Kafka's error codes here and nowhere else.
Neighbours: `network.listener` hands frames in; `apis` is the table of handlers.
"""

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from logcore.broker.apis import APIS, Handle
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.plain_produce import PlainProduces
from logcore.common.deferred import Deferred
from logcore.common.errors import KafkaError, UnknownServerError, UnsupportedVersionError
from logcore.common.metrics import Series
from logcore.network.connection import Connection
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.errors import MalformedMessageError
from logcore.protocol.header import decode_request_header, response_header
from logcore.protocol.schema import Message

if TYPE_CHECKING:
    from typing_extensions import Buffer

logger = logging.getLogger(__name__)

_PRODUCE: Final = "Produce"
_KEY_AT: Final = 1  # of the API key's lower byte, which only Produce has 0
LENT_AFTER: Final = 16
"""How many plain Produces in a row make a connection worth lending (`lent_sockets`)."""

_API_VERSIONS: Final = int(ApiKey.API_VERSIONS)
_UNSUPPORTED_VERSION: Final = 35

Answer: TypeAlias = "list[Buffer] | None"
"""The buffers of a response without the length in front; None if none is sent."""


@dataclass(frozen=True, slots=True)
class _Route:
    """A row of the table, with what it names imported."""

    key: ApiKey
    name: str
    first: int
    last: int
    request_class: type[Message]
    handle: Handle
    took: Series


class Dispatcher:
    """Calls the handler of each request.

    Args:
        parts: What handlers work with.

    Attributes:
        plain: The short way of plain Produce requests.
        plain_took: Counts how long these took, in seconds.
        offer: Called with a connection that has sent nothing else for a while.
    """

    offer: Callable[[Connection], object]

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.plain = PlainProduces(parts)
        self.offer = _let_be
        self._quotas = parts.quotas
        self._answered = parts.traffic.answered
        self._routes: dict[int, _Route] = {}
        self._now_ns = parts.scheduler.monotonic_ns
        self._seconds = parts.metrics.histogram(
            "logcore_request_seconds", "Time that requests held the loop, by API", labels=("api",)
        )
        self.plain_took = self._seconds.series(_PRODUCE)

    def handle(self, connection: Connection, frame: memoryview) -> Answer | Deferred[Answer]:
        """Serve one frame: the answer, or a Deferred of it."""
        began_ns = self._now_ns()
        if len(frame) > _KEY_AT and not frame[_KEY_AT]:
            answer = self.plain.answer(frame)
            if answer is not None:
                self.plain_took((self._now_ns() - began_ns) * 1e-9)
                connection.in_a_row += 1
                if connection.in_a_row == LENT_AFTER:
                    self.offer(connection)
                return answer
        connection.in_a_row = min(connection.in_a_row, 0)
        try:
            header, position = decode_request_header(frame)
        except MalformedMessageError as error:
            return self._close(connection, f"sent a malformed request header: {error}")
        route = self._routes.get(header.api_key) or self._route(header.api_key)
        if route is None:
            return self._close(connection, f"asked for the unknown API key {header.api_key}")
        version = header.version
        context = RequestContext(
            route.key,
            version,
            header.correlation_id,
            header.client_id,
            connection,
            connection.principal,
        )
        if not route.first <= version <= route.last:
            return self._refuse_version(route, context)
        try:
            request = route.request_class.decode(frame, version, position)
        except MalformedMessageError as error:
            reason = f"sent a malformed {route.name} request, version {version}: {error}"
            return self._close(connection, reason)
        if self._quotas.is_active:
            context.meter = self._quotas.meter(context, len(frame), began_ns)
        served = self._call(route.handle, request, context)
        if context.meter is not None:
            context.meter.pause()
        route.took((self._now_ns() - began_ns) * 1e-9)
        return served

    def _route(self, key: int) -> "_Route | None":
        """Look an API up for the first time, and import its handler."""
        api = APIS.get(key)  # type: ignore[call-overload]  # an int that may be no key
        if api is None:
            return None
        route = _Route(
            key=api.key,
            name=api.name,
            first=api.first_decoded,
            last=api.max_version,
            request_class=api.request_class(),
            handle=api.handle(),
            took=self._seconds.series(api.name),
        )
        self._routes[key] = route
        return route

    def _refuse_version(self, route: "_Route", context: RequestContext) -> Answer:
        if route.key != _API_VERSIONS:
            reason = f"asked for {route.name} version {context.version}, which is not served"
            return self._close(context.connection, reason)
        # Answered in version 0 with the list, from which the client picks (KIP-511).
        context.version = 0
        response = route.handle(self._parts, route.request_class(), context)
        response.error_code = _UNSUPPORTED_VERSION
        return _encode(response, context)

    def _call(
        self, handle: Handle, request: Message, context: RequestContext
    ) -> Answer | Deferred[Answer]:
        try:
            response = handle(self._parts, request, context)
        except Exception as error:  # noqa: BLE001 - the border: whatever it is becomes a code
            return self._failure(error, context)
        if not isinstance(response, Deferred):
            return self._answer(response, context)
        if response.is_done:
            return self._finish(response, context)
        answer: Deferred[Answer] = Deferred()
        response.then(lambda done: answer.complete(self._finish(done, context)))
        return answer

    def _finish(self, done: Deferred[Any], context: RequestContext) -> Answer:
        if done.error is not None:
            return self._failure(done.error, context)
        return self._answer(done.value(), context)

    def _answer(self, response: Message | None, context: RequestContext) -> Answer:
        if response is None:
            if context.meter is not None:
                context.meter.settle(None)
            return None
        self._answered(context.api_key, response)
        try:
            return _encode(response, context)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not hang the client
            return self._failure(error, context)

    def _failure(self, error: Exception, context: RequestContext) -> Answer:
        """Answer with an error code where the response has a place for one, or close."""
        api = APIS[context.api_key]
        if not isinstance(error, KafkaError):
            logger.error(
                "%s version %d from %s failed, which is a defect of logcore",
                api.name,
                context.version,
                context.connection.peer,
                exc_info=error,
            )
            error = UnknownServerError("the server failed; its log says how")
        self._parts.traffic.refused(context.api_key, error.code)
        response: Any = api.response_class()()
        if hasattr(response, "error_code"):
            response.error_code = error.code
            if hasattr(response, "error_message"):
                response.error_message = str(error) or None
            with contextlib.suppress(UnsupportedVersionError):  # an old version without the code
                return _encode(response, context)
        reason = f"cannot be answered in {api.name}, version {context.version}: {error}"
        return self._close(context.connection, reason)

    def _close(self, connection: Connection, reason: str) -> Answer:
        connection.close(reason)
        return None


def _encode(response: Message, context: RequestContext) -> "list[Buffer]":
    if context.meter is not None:
        context.meter.settle(response)
    header = response_header(context.api_key, context.version, context.correlation_id)
    return response.encode(context.version, header)


def _let_be(_: Connection) -> None:
    """Leave a connection with its transport."""
