"""The login of one connection: what it may ask before, and for how long it holds.

First the client may ask for the versions, once; then it names a mechanism; then tokens go back and
forth, in SaslAuthenticate requests or, after version 0 of the handshake, as bare frames; then
requests are served. A login that is over must be renewed on the same connection by the same user
and mechanism (KIP-368), or the next request closes it.
Invariant: until somebody has logged in, no request is decoded but ApiVersions, SaslHandshake and
SaslAuthenticate, and no frame is larger than ``sasl.server.max.receive.size``. A refusal is told
after a while only, in which the connection is not read.
Neighbours: `gate` is what a listener demands; `exchange` is a mechanism's part; `dispatch` serves.
Source: Apache Kafka 4.3.1, `SaslServerAuthenticator`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from logcore.broker.security.exchange import Exchange, Login, LoginError
from logcore.broker.security.gate import Gate
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    IllegalSaslStateError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)
from logcore.common.principal import USER, Principal
from logcore.network.connection import Connection
from logcore.network.frames import FRAME_BYTES_MIN
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.errors import MalformedMessageError
from logcore.protocol.header import RequestHeader, decode_request_header, response_header
from logcore.protocol.messages.sasl_authenticate import (
    SaslAuthenticateRequest,
    SaslAuthenticateResponse,
)
from logcore.protocol.messages.sasl_handshake import SaslHandshakeRequest, SaslHandshakeResponse
from logcore.protocol.schema import Message

if TYPE_CHECKING:
    from typing_extensions import Buffer

    Answer: TypeAlias = list[Buffer] | None
    Step: TypeAlias = Callable[[memoryview], Any]

_LINGER_MS: Final = 50  # or some clients see the end before what was told
_RENEWALS_APART_MS: Final = 1000
_HANDSHAKE_LAST: Final = SaslHandshakeRequest.VERSIONS[1]
_SUCCESS: Final = b"\0\0"
_ERROR_AT: Final = slice(4, 6)  # of the error code in an ApiVersions response
_SASL_HANDSHAKE: Final = int(ApiKey.SASL_HANDSHAKE).to_bytes(2, "big")


def receive(gate: Gate, connection: Connection) -> None:
    """Have a new connection log in first."""
    connection.serve_by(Session(gate, connection))


class Session:
    """The login of a connection.

    Args:
        gate: What its listener demands.
        connection: The connection.
    """

    def __init__(self, gate: Gate, connection: Connection) -> None:
        self._gate = gate
        self._connection = connection
        self._mechanism = ""
        self._exchange: Exchange | None = None
        self._renewed: Principal | None = None
        self._wrong_mechanism = ""
        self._may_ask_versions = True
        self._ends_ms: int | None = None  # by the monotonic clock
        self._began_renewal_ms: int | None = None
        self._step: Step = self._greeted
        self._bound_frames(FRAME_BYTES_MIN)

    def handle(
        self,
        connection: Connection,  # noqa: ARG002 - a protocol
        frame: memoryview,
    ) -> "Answer | Deferred[Answer]":
        """Serve a frame, as far as the login has come."""
        answer: Answer | Deferred[Answer] = self._step(frame)
        return answer

    def _bound_frames(self, least_bytes: int) -> None:
        most_bytes = self._gate.receive_max_bytes
        self._connection.limit_frames(least_bytes, most_bytes, "sasl.server.max.receive.size")

    # ------------------------------------------------------------ before the exchange

    def _greeted(self, frame: memoryview) -> "Answer | Deferred[Answer]":
        """Answer ApiVersions once, and the handshake."""
        try:
            header, position = decode_request_header(frame)
            if header.api_key == ApiKey.SASL_HANDSHAKE:
                _check_version(header, SaslHandshakeRequest)
                request = SaslHandshakeRequest.decode(frame, header.version, position)
                return self._shaken(header, request.mechanism)
        except MalformedMessageError as error:
            return self._fail(LoginError(f"sent what is no request: {error}"))
        if header.api_key != ApiKey.API_VERSIONS or not self._may_ask_versions:
            return self._fail(LoginError(f"asked for API {header.api_key} before logging in"))
        answer = self._gate.next.handle(self._connection, frame)
        is_refused = isinstance(answer, list) and b"".join(answer)[_ERROR_AT] != _SUCCESS
        self._may_ask_versions = is_refused
        return answer

    def _shaken(self, header: RequestHeader, mechanism: str) -> "Answer | Deferred[Answer]":
        begin = self._gate.mechanisms.get(mechanism)
        response = SaslHandshakeResponse(mechanisms=list(self._gate.mechanisms))
        if begin is None:
            response.error_code = UnsupportedSaslMechanismError.code
            error = LoginError(f"asked for mechanism {mechanism[:32]!r}")
            return self._fail(error, _encoded(response, header))
        if self._renewed is not None and mechanism != self._mechanism:
            self._wrong_mechanism = (
                f"SASL mechanism '{mechanism}' requested by client is not supported for "
                f"re-authentication of mechanism '{self._mechanism}'"
            )
        else:
            self._mechanism = mechanism
        self._exchange = begin()
        if header.version == 0:
            self._step = self._exchanged_bare
            self._bound_frames(0)
        else:
            self._step = self._exchanged
        return _encoded(response, header)

    # ------------------------------------------------------------ the exchange

    def _exchanged(self, frame: memoryview) -> "Answer | Deferred[Answer]":
        """Answer a token in a SaslAuthenticate request."""
        try:
            header, position = decode_request_header(frame)
            if header.api_key != ApiKey.SASL_AUTHENTICATE:
                return self._fail_unexpected(header)
            _check_version(header, SaslAuthenticateRequest)
            request = SaslAuthenticateRequest.decode(frame, header.version, position)
        except MalformedMessageError as error:
            return self._fail(LoginError(f"sent what is no request: {error}"))
        response = SaslAuthenticateResponse()
        try:
            response.auth_bytes = self._respond(bytes(request.auth_bytes))
            login = self._asked.login
            if login is not None:
                response.session_lifetime_ms = self._admit(login)
        except LoginError as error:
            response = SaslAuthenticateResponse(
                error_code=SaslAuthenticationFailedError.code,
                error_message=error.told or self._general_refusal(),
            )
            return self._fail(error, _encoded(response, header))
        return _encoded(response, header)

    def _fail_unexpected(self, header: RequestHeader) -> "Deferred[Answer]":
        """Refuse another request than the exchange's; it is not decoded, whatever it is."""
        told: Answer = None
        if header.api_key == ApiKey.SASL_HANDSHAKE and header.version <= _HANDSHAKE_LAST:
            response = SaslHandshakeResponse(error_code=IllegalSaslStateError.code)
            told = _encoded(response, header)
        return self._fail(LoginError(f"asked for API {header.api_key} while logging in"), told)

    def _exchanged_bare(self, frame: memoryview) -> "Answer | Deferred[Answer]":
        """Answer a token that is a frame by itself."""
        try:
            answer = self._respond(bytes(frame))
            login = self._asked.login
            if login is not None:
                self._admit(login)
        except LoginError as error:
            return self._fail(error)
        return [answer]

    @property
    def _asked(self) -> Exchange:
        assert self._exchange is not None, "the handshake began one"
        return self._exchange

    def _respond(self, token: bytes) -> bytes:
        if self._wrong_mechanism:
            raise LoginError("changed its mechanism", self._wrong_mechanism)
        return self._asked.respond(token)

    def _general_refusal(self) -> str:
        what = "authentication" if self._renewed is None else "re-authentication"
        return (
            f"Authentication failed during {what} due to invalid credentials with SASL mechanism "
            f"{self._mechanism}"
        )

    # ------------------------------------------------------------ what comes of it

    def _admit(self, login: Login) -> int:
        """Serve whoever logged in, and return for how long, 0 for ever.

        Raises:
            LoginError: If it is not who logged in before.
        """
        principal = Principal(USER, login.name, has_token=login.has_token)
        before, self._renewed = self._renewed, None
        if before is not None and before != principal:
            told = (
                "Cannot change principals during re-authentication from "
                f"{before.kind}.{before.name}: {principal.kind}.{principal.name}"
            )
            raise LoginError("logged in again as somebody else", told)
        gate, connection = self._gate, self._connection
        connection.principal = principal
        lifetime_ms = self._lifetime_ms(login)
        connection.limit_frames(FRAME_BYTES_MIN, gate.request_max_bytes, "socket.request.max.bytes")
        self._exchange = None
        gate.audit.succeeded(gate.listener, self._mechanism, again=before is not None)
        if lifetime_ms is None:
            self._ends_ms = None
            self._step = self._served
            connection.serve_by(gate.next)
            return 0
        self._ends_ms = gate.scheduler.monotonic_ms() + lifetime_ms
        self._step = self._served_until
        return lifetime_ms

    def _lifetime_ms(self, login: Login) -> int | None:
        """Return how long a login holds; None if nothing ends it."""
        limits = []
        limit_ms = self._gate.lifetime_max_ms(self._mechanism)
        if limit_ms > 0:
            limits.append(limit_ms)
        if login.expires_ms is not None:
            limits.append(login.expires_ms - self._gate.scheduler.now_ms())
        return max(0, min(limits)) if limits else None

    def _served(self, frame: memoryview) -> "Answer | Deferred[Answer]":
        return self._gate.next.handle(self._connection, frame)

    def _served_until(self, frame: memoryview) -> "Answer | Deferred[Answer]":
        """Serve while the login holds, or begin it anew."""
        gate, connection = self._gate, self._connection
        now_ms = gate.scheduler.monotonic_ms()
        if frame[:2] == _SASL_HANDSHAKE and self._may_renew(now_ms):
            self._began_renewal_ms = now_ms
            self._renewed = connection.principal
            self._may_ask_versions = False
            self._bound_frames(FRAME_BYTES_MIN)
            return self._greeted(frame)
        assert self._ends_ms is not None, "else it is served without a look at the clock"
        if now_ms > self._ends_ms:
            gate.audit.expired(gate.listener)
            connection.close("went on after its login was over")
            return None
        return gate.next.handle(connection, frame)

    def _may_renew(self, now_ms: int) -> bool:
        began_ms = self._began_renewal_ms
        return began_ms is None or now_ms - began_ms >= _RENEWALS_APART_MS

    def _fail(self, error: LoginError, told: "Answer" = None) -> "Deferred[Answer]":
        """Read nothing for a while, then say what may be said, and close."""
        gate, connection = self._gate, self._connection
        claimed = "" if self._exchange is None else self._exchange.claimed
        gate.audit.failed(gate.listener, self._mechanism, connection.peer, claimed, str(error))
        self._step = self._ignored
        connection.throttle(gate.failure_delay_ms)
        answer: Deferred[Answer] = Deferred()

        def tell() -> None:
            answer.complete(told)
            gate.scheduler.call_later(0 if told is None else _LINGER_MS, connection.shut)

        gate.scheduler.call_later(gate.failure_delay_ms, tell)
        return answer

    def _ignored(self, frame: memoryview) -> None:
        """Hear nothing more of somebody who was refused."""


def _check_version(header: RequestHeader, request_class: type[Message]) -> None:
    first, last = request_class.VERSIONS
    if not first <= header.version <= last:
        raise MalformedMessageError(f"version {header.version} is not served")


def _encoded(response: Message, header: RequestHeader) -> "list[Buffer]":
    prefix = response_header(header.api_key, header.version, header.correlation_id)
    return response.encode(header.version, prefix)
