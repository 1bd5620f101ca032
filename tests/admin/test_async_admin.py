"""The asynchronous client lives on its loop, and closes with its block."""

import asyncio

import pytest

from logcore.admin.async_admin import AsyncAdmin
from logcore.common.errors import ClientClosedError
from logcore.testing.local_broker import LocalBroker


def test_a_block() -> None:
    async def run(address: str) -> None:
        async with AsyncAdmin(address, client_id="me") as admin:
            made, listed = await asyncio.gather(
                admin.topics.create("orders"), admin.cluster.describe()
            )
            made.raise_for_errors()
            assert len(listed.brokers) == 1
        with pytest.raises(ClientClosedError):
            await admin.topics.list()

    with LocalBroker() as broker:
        asyncio.run(run(broker.bootstrap_servers))
