"""Coordinators are found, remembered, and forgotten when they are not the one."""

import pytest
import uvloop

from logcore.client.cluster import Cluster
from logcore.client.config import CLIENT_CONFIG
from logcore.client.coordinators import CoordinatorKind, Coordinators
from logcore.client.settings import Settings
from logcore.common.errors import CoordinatorNotAvailableError
from logcore.testing.local_broker import LocalBroker


def test_finding_and_forgetting(logcore_fresh_broker: LocalBroker) -> None:
    broker = logcore_fresh_broker

    async def main() -> None:
        settings = Settings(CLIENT_CONFIG, {"bootstrap.servers": broker.bootstrap_servers})
        cluster = Cluster(settings)
        found = Coordinators(cluster)
        for kind in (CoordinatorKind.GROUP, CoordinatorKind.TRANSACTION):
            assert await found.find(kind, "mine") == 1
        broker.faults.fail("FindCoordinator", CoordinatorNotAvailableError)
        assert await found.find(CoordinatorKind.GROUP, "mine") == 1, "remembered"
        found.forget(CoordinatorKind.GROUP, "mine")
        with pytest.raises(CoordinatorNotAvailableError):
            await found.find(CoordinatorKind.GROUP, "mine")
        assert await found.find(CoordinatorKind.GROUP, "mine") == 1
        cluster.close()

    uvloop.run(main())
