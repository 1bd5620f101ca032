"""Tokens from a function of the program.

Invariant: a function that blocks blocks nobody else; what it raises is the cause of the error.
Neighbours: `choosing` makes this of ``sasl.oauthbearer.jwt.retriever.class``.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from logcore.client.oauth.login import Source
from logcore.client.oauth.thread import in_thread
from logcore.client.oauth.token import BearerToken, expiry_ms_of
from logcore.common.errors import ClientError, TokenUnavailableError


def provided(function: Callable[[], Any], extensions: Mapping[str, str]) -> Source:
    """Make a source of a function.

    Args:
        function: Returns a `BearerToken`, or the text of a JWT, which says when it expires. It may
            be a coroutine function; another one is called in a thread, as it may block.
        extensions: SASL extensions for tokens that have none.
    """

    async def source() -> BearerToken:
        try:
            if inspect.iscoroutinefunction(function):
                answer = await function()
            else:
                answer = await in_thread(function)
                if inspect.isawaitable(answer):
                    answer = await answer
        except ClientError:
            raise
        except Exception as error:
            raise TokenUnavailableError(
                f"the program's provider of tokens raised {type(error).__name__}"
            ) from error
        return token_from(answer, extensions)

    return source


def token_from(answer: object, extensions: Mapping[str, str]) -> BearerToken:
    """Return what a function gave as a token.

    Raises:
        TokenUnavailableError: If it is none.
    """
    if isinstance(answer, BearerToken):
        return answer
    if not isinstance(answer, str):
        raise TokenUnavailableError(
            "the program's provider of tokens returned neither a BearerToken nor text, but "
            f"{type(answer).__name__}"
        )
    return token_of_text(answer, extensions, "the program's provider of tokens")


def token_of_text(text: str, extensions: Mapping[str, str], whose: str) -> BearerToken:
    """Return a JWT as a token.

    Args:
        text: The JWT.
        extensions: SASL extensions.
        whose: Who gave it, for messages.

    Raises:
        TokenUnavailableError: If it is none that says when it expires.
    """
    value = text.strip()
    expires_ms = expiry_ms_of(value)
    if expires_ms is None:
        raise TokenUnavailableError(
            f"{whose} gave no JWT that says when it expires; other tokens need a BearerToken"
        )
    try:
        return BearerToken(value, expires_ms, extensions)
    except ValueError as error:
        raise TokenUnavailableError(f"{whose} gave no token: {error}") from None
