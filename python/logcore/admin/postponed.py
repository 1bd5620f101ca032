"""Asking for things of which some are put off, those again: by a quota, or while nobody controls.

Invariant: every thing that was asked for has a result; one that was done is not asked for again.
Neighbours: `asking` asks; `topics` creates, deletes and grows through here; `leading` does the
same for what leaders are asked. Source: KIP-599.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from logcore.admin.asking import Asking
from logcore.admin.results import Results
from logcore.client.retrying import until_done
from logcore.common.errors import (
    ClientTimeoutError,
    KafkaError,
    NotControllerError,
    ThrottlingQuotaExceededError,
)
from logcore.protocol.schema import Message

K = TypeVar("K")
S = TypeVar("S")
V = TypeVar("V")

PUT_OFF: Final = (NotControllerError, ThrottlingQuotaExceededError)
"""What a thing's result is while it can only be tried later; nothing was done then."""


async def ask_until_done(
    asking: Asking,
    what: str,
    wanted: Mapping[K, S],
    request: Callable[[list[S]], Message],
    results: Callable[[Any], Results[K, V]],
) -> Results[K, V]:
    """Ask any broker for things, and again for those that were put off.

    Args:
        asking: What reaches the brokers.
        what: What is tried, for the error.
        wanted: The things.
        request: Makes the request for some of them.
        results: Sorts the response into what succeeded and what failed.

    Raises:
        KafkaError: If the broker refuses all of it.
        ClientError: If no broker answers in time.
    """
    values: dict[K, V] = {}
    errors: dict[K, KafkaError] = {}

    async def attempt() -> None:
        is_first = not values and not errors
        left = {
            one: told
            for one, told in wanted.items()
            if is_first or isinstance(errors.get(one), PUT_OFF)
        }
        found = results(await asking.any(what, request(list(left.values()))))
        for one in left:
            errors.pop(one, None)
        values.update(found.succeeded)
        errors.update(found.errors)
        for error in errors.values():
            if isinstance(error, PUT_OFF):
                raise error

    try:
        await until_done(asking.cluster, what, attempt, asking.timeout_ms / 1000)
    except (ClientTimeoutError, *PUT_OFF):
        if not values and not errors:
            raise
    return Results(values, errors)
