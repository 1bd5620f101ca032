"""`AsyncAdmin`: administration of a cluster from a coroutine.

Invariant: it lives on the loop on which it was made; parts share its connections.
Neighbours: each part is a module of this room; `admin` is the synchronous twin.
"""

import asyncio
from typing import Any, Self

from logcore.admin.acls import AsyncAcls
from logcore.admin.asking import Asking
from logcore.admin.cluster import AsyncClusterAdmin
from logcore.admin.config import ADMIN_CONFIG
from logcore.admin.configs import AsyncConfigs
from logcore.admin.groups import AsyncGroups
from logcore.admin.offsets import AsyncOffsets
from logcore.admin.share_groups import AsyncShareGroups
from logcore.admin.topics import AsyncTopics
from logcore.admin.transactions import AsyncTransactions
from logcore.admin.users import AsyncQuotas, AsyncUsers
from logcore.client.cluster import Cluster
from logcore.client.settings import Settings


class AsyncAdmin:
    """Administration of a cluster.

    Args:
        bootstrap_servers: Brokers to begin with, as ``HOST:PORT``, several with commas.
        settings: Other settings, by Kafka's keys; underscores may stand for the dots.

    Attributes:
        topics: Topics and their partitions.
        configs: Settings of topics, brokers and groups.
        groups: Groups, and the offsets they committed.
        share_groups: Where share groups are.
        offsets: Where partitions begin and end.
        transactions: Transactions and their producers.
        acls: Access rules.
        users: Users' passwords.
        quotas: Limits of users, clients and addresses.
        cluster: Brokers, directories, features, leaders.

    Raises:
        ConfigError: If a setting is unknown or refused.

    Example:
        >>> import asyncio
        >>> from logcore import AsyncAdmin
        >>> from logcore.testing import LocalBroker
        >>> async def topics(address):
        ...     async with AsyncAdmin(address) as admin:
        ...         await admin.topics.create("orders")
        ...         return await admin.topics.list()
        >>> with LocalBroker() as broker:
        ...     asyncio.run(topics(broker.bootstrap_servers))
        ['orders']
    """

    def __init__(
        self, bootstrap_servers: str = "localhost:9092", **settings: str | float | bool | None
    ) -> None:
        told: dict[str, Any] = {"bootstrap.servers": bootstrap_servers, **settings}
        self._cluster = Cluster(Settings(ADMIN_CONFIG, told), creates_topics=False)
        timeout_ms = self._cluster.settings.integer("default.api.timeout.ms")
        asking = Asking(self._cluster, timeout_ms / 1000)
        self.topics = AsyncTopics(asking)
        self.configs = AsyncConfigs(asking)
        self.groups = AsyncGroups(asking)
        self.share_groups = AsyncShareGroups(asking)
        self.offsets = AsyncOffsets(asking)
        self.transactions = AsyncTransactions(asking)
        self.acls = AsyncAcls(asking)
        self.users = AsyncUsers(asking)
        self.quotas = AsyncQuotas(asking)
        self.cluster = AsyncClusterAdmin(asking)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections; twice is no error."""
        self._cluster.close()
        await asyncio.sleep(0)
