"""Attempts go on until one succeeds, one cannot be healed, or the time is over."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from logcore.client.cluster import Cluster
from logcore.client.config import CLIENT_CONFIG
from logcore.client.retrying import until_done
from logcore.client.settings import Settings
from logcore.common.errors import (
    ClientClosedError,
    ClientTimeoutError,
    CoordinatorLoadInProgressError,
    GroupAuthorizationFailedError,
)

Attempt = Callable[[], Coroutine[Any, Any, int]]


def tried(attempt: Attempt, timeout_s: float = 5.0) -> int:
    async def main() -> int:
        settings = {"bootstrap.servers": "127.0.0.1:1", "retry.backoff.ms": 1}
        cluster = Cluster(Settings(CLIENT_CONFIG, settings))
        try:
            return await until_done(cluster, "do it", attempt, timeout_s)
        finally:
            cluster.close()

    return uvloop.run(main())


def failing(times: int, error: Exception) -> Attempt:
    count = 0

    async def attempt() -> int:
        nonlocal count
        count += 1
        if count <= times:
            raise error
        return count

    return attempt


def test_what_heals_is_tried_again() -> None:
    assert tried(failing(3, CoordinatorLoadInProgressError())) == 4


def test_what_does_not_heal_passes_at_once() -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        tried(failing(1, GroupAuthorizationFailedError()))


def test_the_time_is_over() -> None:
    with pytest.raises(ClientTimeoutError, match=r"could not do it in 0\.05 s: loading") as caught:
        tried(failing(10**6, CoordinatorLoadInProgressError("loading")), 0.05)
    assert isinstance(caught.value.__cause__, CoordinatorLoadInProgressError)


def test_the_client_is_closed_meanwhile() -> None:
    async def main() -> None:
        settings = {"bootstrap.servers": "127.0.0.1:1", "retry.backoff.ms": 1}
        cluster = Cluster(Settings(CLIENT_CONFIG, settings))

        async def attempt() -> None:
            cluster.close()
            raise CoordinatorLoadInProgressError("loading")

        with pytest.raises(ClientClosedError) as caught:
            await until_done(cluster, "do it", attempt, 5.0)
        assert isinstance(caught.value.__cause__, CoordinatorLoadInProgressError)

    uvloop.run(main())
