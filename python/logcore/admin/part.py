"""What the parts of the synchronous client have in common.

Invariant: a part has no logic of its own: each method runs the one of the same name of its twin, on
a loop in a thread, and waits.
Neighbours: each module of this room has a part and its twin; `client.blocking` makes the methods.
"""

from typing import Any

from logcore.client.loop_thread import LoopThread


class Part:
    """One part of the client, waiting for its twin.

    Attributes:
        core: The twin.
        runner: The loop that it runs on.
    """

    def __init__(self, core: Any, runner: LoopThread) -> None:  # noqa: ANN401 - the part's twin
        self.core = core
        self.runner = runner
