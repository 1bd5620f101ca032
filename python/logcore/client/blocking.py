"""Synchronous methods made of asynchronous ones, with their types and docstrings.

Invariant: a twin has no logic of its own: what it does is what the core does, on the loop's thread.
Neighbours: `loop_thread` runs them; `Producer`, `Consumer` and `Admin` are such twins.
"""

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from logcore.client.loop_thread import LoopThread

P = ParamSpec("P")
T = TypeVar("T")


class Twin(Protocol):
    """A synchronous client.

    Attributes:
        core: The asynchronous client that does the work.
        runner: The loop that it runs on.
    """

    core: Any
    runner: LoopThread


def blocking(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Any, P], T]:
    """Make a method that waits for an asynchronous one of the core.

    Args:
        method: The core's method.

    Returns:
        A method of the same name, parameters, result and docstring, for the twin.
    """
    name = method.__name__

    def call(twin: Twin, /, *args: P.args, **kwargs: P.kwargs) -> T:
        coroutine: Coroutine[Any, Any, T] = getattr(twin.core, name)(*args, **kwargs)
        return twin.runner.run(coroutine)

    functools.update_wrapper(call, method)
    return call


def on_loop(method: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    """Make a method that calls one of the core that does not wait, on the loop's thread."""
    name = method.__name__

    def call(twin: Twin, /, *args: P.args, **kwargs: P.kwargs) -> T:
        bound: Callable[[], T] = functools.partial(getattr(twin.core, name), *args, **kwargs)
        return twin.runner.call(bound)

    functools.update_wrapper(call, method)
    return call
