"""Logging a connection in, and again before the broker's limit is over (KIP-368).

Invariant: a broker gets nothing but the login's own requests while one is under way; what is asked
meanwhile waits on the connection. Logins of one connection are at least a second apart, as brokers
demand.
Neighbours: `logins` has the exchanges; `opening` begins here; `connection` holds requests back.
Source: Apache Kafka 4.3.1, `SaslClientAuthenticator`.
"""

import random
from typing import Final

from logcore.client.connection import Connection
from logcore.client.logins import Login
from logcore.client.metrics.network import NetworkMeter, unseen
from logcore.client.sasl import Exchange
from logcore.common.clock import SystemClock
from logcore.common.errors import KafkaError, LogcoreError, error_for_code
from logcore.protocol.messages.sasl_authenticate import (
    SaslAuthenticateRequest,
    SaslAuthenticateResponse,
)
from logcore.protocol.messages.sasl_handshake import SaslHandshakeRequest, SaslHandshakeResponse

WINDOW_FACTOR: Final = 0.85
WINDOW_JITTER: Final = 0.1
APART_S: Final = 1.1


class Authenticator:
    """Logs the connections of a client in.

    Args:
        login: What with.
        chance: Spreads renewals.
        network: What measures connections; nobody looks if None.
    """

    def __init__(
        self, login: Login, chance: random.Random, network: NetworkMeter | None = None
    ) -> None:
        self._login = login
        self._chance = chance
        self._network = network or unseen()

    async def prepared(self) -> Exchange:
        """Return a login that is ready to be shown, having waited for what it needs.

        Raises:
            TokenUnavailableError, TokenRefusedError: If there is no token to show.
        """
        return await self._login.exchange()

    async def show(self, connection: Connection, exchange: Exchange) -> None:
        """Prove to a broker who we are by what is prepared, and have that done again in time.

        Raises:
            SaslAuthenticationFailedError: If the broker refuses, or cannot prove itself.
        """
        lifetime_ms = await authenticate(connection, self._login.mechanism, exchange)
        if lifetime_ms > 0:
            wait_s = renewal_wait_s(lifetime_ms / 1000, self._chance.random())
            connection.renew_after(wait_s, lambda: self._renew(connection))

    async def _renew(self, connection: Connection) -> None:
        now_ns = SystemClock().monotonic_ns
        began_ns = now_ns()
        try:
            await self.show(connection, await self.prepared())
        except LogcoreError:
            self._network.failed_renewals.record()
            raise
        self._network.renewals.record()
        self._network.renewal_ms.record((now_ns() - began_ns) / 1e6)

    def close(self) -> None:
        """Prepare no more logins."""
        self._login.close()


def renewal_wait_s(lifetime_s: float, draw: float) -> float:
    """Return how long after a login the next one is due.

    Args:
        lifetime_s: How long the login is good.
        draw: Chance, from 0 to 1.

    Example:
        >>> renewal_wait_s(100, 0), renewal_wait_s(1, 0.5)
        (85.0, 1.1)
    """
    return max(lifetime_s * (WINDOW_FACTOR + WINDOW_JITTER * draw), APART_S)


async def authenticate(connection: Connection, mechanism: str, exchange: Exchange) -> int:
    """Log in, and return for how many milliseconds that is good; 0 is for ever.

    Raises:
        SaslAuthenticationFailedError: If the broker refuses, or cannot prove itself.
        UnsupportedSaslMechanismError: If the broker does not offer the mechanism.
    """
    handshake: SaslHandshakeResponse = await connection.ask(
        SaslHandshakeRequest(mechanism=mechanism)
    )
    if handshake.error_code:
        offered = ", ".join(handshake.mechanisms) or "none"
        raise error_for_code(handshake.error_code)(
            f"{connection.address} does not offer {mechanism}: it offers {offered}"
        )
    to_send = next(exchange)
    while True:
        answer: SaslAuthenticateResponse = await connection.ask(
            SaslAuthenticateRequest(auth_bytes=to_send)
        )
        try:
            if answer.error_code:
                exchange.throw(_refusal(answer))
            to_send = exchange.send(bytes(answer.auth_bytes))
        except StopIteration:
            return answer.session_lifetime_ms
        except KafkaError as error:
            raise type(error)(f"{connection.address}: {error}") from None


def _refusal(answer: SaslAuthenticateResponse) -> KafkaError:
    return error_for_code(answer.error_code)(answer.error_message or "no reason given")
