"""The twin has the core's methods, and leaves the loop alone."""

import asyncio
import inspect

import pytest

from logcore.common.errors import SchemaNotFoundError
from logcore.serialization.registry.async_registry import AsyncSchemaRegistry
from logcore.serialization.registry.registry import SchemaRegistry
from logcore.serialization.registry.schema import Schema
from tests.serialization.lying_registry import STAY_SILENT, LyingRegistry, refusal, said


def public(cls):
    return {name for name in dir(cls) if not name.startswith("_")}


def test_it_has_what_the_core_has():
    assert public(AsyncSchemaRegistry) == public(SchemaRegistry)
    for name in public(SchemaRegistry) - {"clear_caches"}:
        core, twin = getattr(SchemaRegistry, name), getattr(AsyncSchemaRegistry, name)
        assert inspect.signature(core) == inspect.signature(twin)
        assert core.__doc__ == twin.__doc__
        assert inspect.iscoroutinefunction(twin)


@pytest.mark.asyncio
async def test_it_asks():
    with LyingRegistry([said({"schema": '"int"'}), refusal(404, 40403)]) as server:
        async with AsyncSchemaRegistry(server.url) as registry:
            assert await registry.schema(7) == Schema('"int"')
            assert await registry.schema(7) == Schema('"int"')
            with pytest.raises(SchemaNotFoundError):
                await registry.schema(8)
            assert repr(registry) == f"AsyncSchemaRegistry({server.url})"


@pytest.mark.asyncio
async def test_the_loop_goes_on_while_a_registry_is_silent():
    with LyingRegistry([STAY_SILENT]) as server:
        registry = AsyncSchemaRegistry(server.url, http_read_timeout_ms=300, max_retries=0)
        asking = asyncio.ensure_future(registry.subjects())
        await asyncio.sleep(0)
        assert not asking.done()
        with pytest.raises(ConnectionError):
            await asking
        await registry.close()


@pytest.mark.asyncio
async def test_it_may_share_its_core_with_serializers():
    with SchemaRegistry("localhost:1") as core:
        assert AsyncSchemaRegistry(core=core).core is core
