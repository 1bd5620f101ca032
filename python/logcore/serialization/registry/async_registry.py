"""`AsyncSchemaRegistry`: the same registry for coroutines.

Invariant: it has no logic of its own: each call is the synchronous client's, in a thread, so that
the event loop never waits for the registry.
Neighbours: `registry` is the core.
"""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar

from logcore.common.types import override
from logcore.serialization.registry.registry import SchemaRegistry

P = ParamSpec("P")
T = TypeVar("T")


def in_thread(
    method: Callable[Concatenate[Any, P], T],
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """Make a coroutine of a method of the core, of the same name, parameters and docstring."""

    async def call(twin: "AsyncSchemaRegistry", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(method, twin.core, *args, **kwargs)

    functools.update_wrapper(call, method)
    return call


class AsyncSchemaRegistry:
    """A schema registry, asked by coroutines.

    Args:
        core: The synchronous client; otherwise one is made of the other arguments.
        *args: As for `SchemaRegistry`.
        **settings: As for `SchemaRegistry`.

    Attributes:
        core: The synchronous client, as serializers take it.

    Example:
        >>> async def types(address):
        ...     async with AsyncSchemaRegistry(address) as registry:
        ...         return await registry.schema_types()
    """

    def __init__(self, *args: Any, core: SchemaRegistry | None = None, **settings: Any) -> None:  # noqa: ANN401 - the core's
        self.core = core or SchemaRegistry(*args, **settings)

    @override
    def __repr__(self) -> str:
        return f"Async{self.core!r}"

    async def __aenter__(self) -> "AsyncSchemaRegistry":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def clear_caches(self) -> None:
        """Forget what the registry said; the next calls ask again."""
        self.core.clear_caches()

    close = in_thread(SchemaRegistry.close)
    register = in_thread(SchemaRegistry.register)
    lookup = in_thread(SchemaRegistry.lookup)
    schema = in_thread(SchemaRegistry.schema)
    schema_by_guid = in_thread(SchemaRegistry.schema_by_guid)
    versions_of = in_thread(SchemaRegistry.versions_of)
    schema_types = in_thread(SchemaRegistry.schema_types)
    subjects = in_thread(SchemaRegistry.subjects)
    versions = in_thread(SchemaRegistry.versions)
    version = in_thread(SchemaRegistry.version)
    latest = in_thread(SchemaRegistry.latest)
    referenced_by = in_thread(SchemaRegistry.referenced_by)
    delete_subject = in_thread(SchemaRegistry.delete_subject)
    delete_version = in_thread(SchemaRegistry.delete_version)
    check = in_thread(SchemaRegistry.check)
    config = in_thread(SchemaRegistry.config)
    set_config = in_thread(SchemaRegistry.set_config)
    delete_config = in_thread(SchemaRegistry.delete_config)
    mode = in_thread(SchemaRegistry.mode)
    set_mode = in_thread(SchemaRegistry.set_mode)
    delete_mode = in_thread(SchemaRegistry.delete_mode)
    contexts = in_thread(SchemaRegistry.contexts)
