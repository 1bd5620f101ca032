"""Every client tells what it measured; those of administration have nothing of their own to add."""

import asyncio

import pytest

from logcore.admin.admin import Admin
from logcore.admin.async_admin import AsyncAdmin
from logcore.common.errors import ClientClosedError, WrongThreadError
from logcore.testing.local_broker import LocalBroker


def test_administration(logcore_broker: LocalBroker) -> None:
    with Admin(logcore_broker.bootstrap_servers, client_id="me") as admin:
        admin.topics.list()
        found = admin.metrics()
        assert found["request-total"] >= 1
        assert found["request-latency-avg"] > 0
        assert {each.group for each in found.all} == {
            "admin-client-metrics",
            "admin-client-node-metrics",
        }
        assert {each.tags["client-id"] for each in found.all} == {"me"}
    with pytest.raises(ClientClosedError):
        admin.metrics()


def test_from_another_loop(logcore_broker: LocalBroker) -> None:
    async def main() -> AsyncAdmin:
        async with AsyncAdmin(logcore_broker.bootstrap_servers) as admin:
            assert admin.metrics()["connection-count"] == 0
            return admin

    admin = asyncio.run(main())
    with pytest.raises(WrongThreadError):
        admin.metrics()
