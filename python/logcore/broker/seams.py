"""What a test may put in the place of the machine: the clock, the disk, and whoever answers.

Invariant: a broker that is told nothing gets the machine itself; nothing else in the broker knows
whether it runs on the real thing.
Neighbours: `server` puts the seams in; `logcore.testing` has the twins.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from logcore.common.clock import LoopScheduler
from logcore.log.manager import Seams as LogSeams
from logcore.network.connection import RequestHandler


def unchanged(handler: RequestHandler) -> RequestHandler:
    """Return the handler as it is."""
    return handler


@dataclass(frozen=True, slots=True)
class Seams:
    """What a broker is put together with.

    Attributes:
        make_scheduler: Makes the time and the timers of everything on the loop.
        wrap_handler: Puts something before what answers requests.
        logs: The disk and the clock of the logs; the machine's if None.
    """

    make_scheduler: Callable[[asyncio.AbstractEventLoop], LoopScheduler] = LoopScheduler
    wrap_handler: Callable[[RequestHandler], RequestHandler] = unchanged
    logs: LogSeams | None = None
