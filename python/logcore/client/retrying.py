"""Trying again, until it is done, cannot be done, or the time is over.

Invariant: an error that is not retriable passes at once; between attempts there is a wait.
Neighbours: `backoff` says how long; who calls a broker on a user's behalf calls it through here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from logcore.client.cluster import Cluster
from logcore.common.errors import ClientClosedError, ClientError, ClientTimeoutError, KafkaError

T = TypeVar("T")


async def until_done(
    cluster: Cluster, what: str, attempt: Callable[[], Awaitable[T]], timeout_s: float
) -> T:
    """Call until it succeeds.

    Args:
        cluster: Whose view is refreshed where an error asks for it.
        what: What is tried, for the error: "commit offsets".
        attempt: What is called.
        timeout_s: How long to go on.

    Raises:
        ClientTimeoutError: If the time is over; its cause is the last error.
        ClientClosedError: If the client was closed meanwhile; its cause is the last error.
        KafkaError, ClientError: What is not retriable.
        WrongThreadError, ForkedClientError: On another loop than the client's.
    """
    cluster.check_loop()
    deadline = cluster.loop.time() + timeout_s
    failures = 0
    last: Exception | None = None
    while True:
        left_s = deadline - cluster.loop.time()
        try:
            return await asyncio.wait_for(attempt(), max(left_s, 0.001))
        except (KafkaError, ClientError) as error:
            if not error.retriable:
                raise
            if cluster.is_closed:
                raise ClientClosedError("the client was closed meanwhile") from error
            last = error
            if getattr(error, "refresh_metadata", False):
                cluster.request_refresh()
        except TimeoutError:
            pass
        wait_s = cluster.backoff.wait_ms(failures) / 1000
        failures += 1
        if cluster.loop.time() + wait_s >= deadline:
            reason = f": {last}" if last else ""
            raise ClientTimeoutError(f"could not {what} in {timeout_s:g} s{reason}") from last
        await asyncio.sleep(wait_s)
