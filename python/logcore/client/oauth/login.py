"""The login of a client by tokens: one token for all of its connections, replaced in time.

Invariant: at most one attempt at a token is under way; after a failure the next one waits
(``sasl.login.retry.backoff.ms``). While a token is good, nobody waits for the next.
Neighbours: `choosing` says where tokens come from; `refreshing` when the next is due;
`client.authentication` asks for an exchange per login.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from typing import Any, Final

from logcore.client.backoff import Backoff
from logcore.client.oauth.exchange import bearer
from logcore.client.oauth.refreshing import RefreshRules
from logcore.client.oauth.token import BearerToken
from logcore.client.sasl import Exchange
from logcore.common.clock import SystemClock
from logcore.common.errors import ClientClosedError, ClientError, TokenUnavailableError

logger = logging.getLogger(__name__)

Source = Callable[[], Coroutine[Any, Any, BearerToken]]
"""Asks for a new token."""

MECHANISM: Final = "OAUTHBEARER"


class TokenLogin:
    """Logs in by tokens.

    Args:
        source: Where they come from.
        rules: When to replace one; None if the source is asked for every login, as a file is.
        backoff: How long to wait after failures.
        chance: Where jitter comes from.
        now_ms: Tells the time; the system does if None.
    """

    mechanism = MECHANISM

    def __init__(
        self,
        source: Source,
        rules: RefreshRules | None,
        backoff: Backoff,
        chance: random.Random,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        self._source = source
        self._rules = rules
        self._backoff = backoff
        self._chance = chance
        self._now_ms = SystemClock().now_ms if now_ms is None else now_ms
        self._token: BearerToken | None = None
        self._fetching: asyncio.Task[BearerToken] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._failures = 0
        self._not_before = 0.0  # in the loop's seconds
        self._is_closed = False

    async def exchange(self) -> Exchange:
        """Begin a login, waiting for a token if there is none that is good.

        Raises:
            TokenUnavailableError: If none can be had now; trying again may help.
            TokenRefusedError: If whoever gives tokens refuses us.
        """
        return bearer(await self.token())

    async def token(self) -> BearerToken:
        """Return a token that is good; raises as `exchange` does."""
        known = self._token
        if known is not None and self._rules is not None and known.expires_ms > self._now_ms():
            return known
        return await self._fetch()

    def close(self) -> None:
        """Ask for no more tokens."""
        self._is_closed = True
        for task in (self._fetching, self._keeping):
            if task is not None:
                task.cancel()

    async def _fetch(self) -> BearerToken:
        if self._is_closed:
            raise ClientClosedError("the client is closed")
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.get_running_loop().create_task(self._ask())
            self._fetching.add_done_callback(_look)
        return await asyncio.shield(self._fetching)

    async def _ask(self) -> BearerToken:
        loop = asyncio.get_running_loop()
        wait_s = self._not_before - loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        try:
            token = await self._source()
            if token.expires_ms <= self._now_ms():
                raise TokenUnavailableError(
                    "the token that was given is expired already: is it replaced in time, and is "
                    "this machine's clock right?"
                )
        except ClientError:
            wait_ms = self._backoff.wait_ms(self._failures)
            self._failures += 1
            self._not_before = loop.time() + wait_ms / 1000
            raise
        self._failures = 0
        self._token = token
        if self._rules is not None and (self._keeping is None or self._keeping.done()):
            self._keeping = loop.create_task(self._keep_fresh(self._rules))
        return token

    async def _keep_fresh(self, rules: RefreshRules) -> None:
        """Replace the token ahead of its end, for as long as that is possible."""
        while True:
            assert self._token is not None, "this begins with the first one"
            lifetime_s = (self._token.expires_ms - self._now_ms()) / 1000
            await asyncio.sleep(rules.wait_s(lifetime_s, self._chance.random()))
            if not await self._renewed():
                return

    async def _renewed(self) -> bool:
        """Try for a new token until there is one, or the old one is over."""
        while True:
            try:
                await self._fetch()
            except ClientError as error:
                logger.warning("no new token yet: %s", error)
                if self._token is None or self._token.expires_ms <= self._now_ms():
                    return False  # whoever logs in next asks, and is told
            else:
                return True


def _look(task: "asyncio.Task[BearerToken]") -> None:
    """Look at what an attempt ended with, so that one nobody waits for is not reported."""
    if not task.cancelled():
        task.exception()
