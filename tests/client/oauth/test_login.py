"""One token for all who log in, replaced in time; failures wait, and are told."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from logcore.client.backoff import Backoff
from logcore.client.oauth.login import TokenLogin
from logcore.client.oauth.refreshing import RefreshRules
from logcore.client.oauth.token import BearerToken
from logcore.common.clock import SystemClock
from logcore.common.errors import (
    ClientClosedError,
    TokenRefusedError,
    TokenUnavailableError,
)

now_ms = SystemClock().now_ms


class Tokens:
    """Gives tokens, or errors."""

    def __init__(self, *outcomes: float | Exception) -> None:
        self._outcomes = list(outcomes)
        self.asked = 0

    async def __call__(self) -> BearerToken:
        self.asked += 1
        await asyncio.sleep(0)
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return BearerToken(f"token-{self.asked}", int(now_ms() + outcome * 1000))


RULES = RefreshRules(0.5, 0, 0, 0)


def login(source: Any, rules: RefreshRules | None = RULES) -> TokenLogin:
    return TokenLogin(source, rules, Backoff(1, 2, random.Random(1)), random.Random(1))


def run(body: Callable[[], Any]) -> None:
    asyncio.run(body())


def test_who_asks_at_once_shares_one_token():
    async def main() -> None:
        tokens = Tokens(60)
        made = login(tokens)
        values = await asyncio.gather(*(made.token() for _ in range(10)))
        assert {token.value for token in values} == {"token-1"}
        assert next(await made.exchange()) == b"n,,\x01auth=Bearer token-1\x01\x01"
        assert tokens.asked == 1
        made.close()

    run(main)


def test_a_token_is_replaced_ahead_of_its_end_by_itself():
    async def main() -> None:
        tokens = Tokens(30, 60)
        made = login(tokens, RefreshRules(0.002, 0, 0, 0))
        first = await made.token()
        for _ in range(500):
            await asyncio.sleep(0.01 if tokens.asked < 2 else 0)
        assert now_ms() < first.expires_ms
        assert (await made.token()).value == "token-2"
        made.close()

    run(main)


def test_while_a_token_is_good_a_failure_to_replace_it_harms_nobody():
    async def main() -> None:
        tokens = Tokens(60, TokenUnavailableError("down"), TokenUnavailableError("down"), 60)
        made = login(tokens, RefreshRules(0, 0, 0, 0))
        assert (await made.token()).value == "token-1"
        for _ in range(500):
            assert await made.token()
            await asyncio.sleep(0.001 if tokens.asked < 4 else 0)
        assert tokens.asked >= 4
        made.close()

    run(main)


@pytest.mark.parametrize("error", [TokenUnavailableError("down"), TokenRefusedError("who?")])
def test_without_a_token_a_failure_is_told_to_all_who_wait(error):
    async def main() -> None:
        tokens = Tokens(error, 60)
        made = login(tokens)
        told = await asyncio.gather(*(made.token() for _ in range(3)), return_exceptions=True)
        assert told == [error] * 3
        assert tokens.asked == 1
        assert (await made.token()).value == "token-2"
        made.close()

    run(main)


def test_an_expired_token_is_no_token():
    async def main() -> None:
        made = login(Tokens(-1))
        with pytest.raises(TokenUnavailableError, match="clock"):
            await made.token()
        made.close()

    run(main)


def test_a_source_without_rules_is_asked_every_time():
    async def main() -> None:
        tokens = Tokens(60)
        made = login(tokens, None)
        assert [(await made.token()).value for _ in range(3)] == ["token-1", "token-2", "token-3"]
        made.close()

    run(main)


def test_who_gives_up_waiting_does_not_stop_the_others():
    async def main() -> None:
        release = asyncio.Event()

        async def slow() -> BearerToken:
            await release.wait()
            return BearerToken("late", now_ms() + 60_000)

        made = login(slow)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(made.token(), 0.01)
        waiting = asyncio.ensure_future(made.token())
        await asyncio.sleep(0)
        release.set()
        assert (await waiting).value == "late"
        made.close()

    run(main)


def test_a_closed_login_asks_no_more():
    async def main() -> None:
        tokens = Tokens(60)
        made = login(tokens)
        await made.token()
        made.close()
        made.close()
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1
        forgotten = login(Tokens(60))
        forgotten.close()
        with pytest.raises(ClientClosedError):
            await forgotten.token()

    run(main)
