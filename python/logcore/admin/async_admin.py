"""`AsyncAdmin`: administration of a cluster from a coroutine.

Invariant: it lives on the loop on which it was made; parts share its connections, and each is
imported when it is first used.
Neighbours: each part is a module of this room; `admin` is the synchronous twin.
"""

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from logcore.admin.asking import Asking
from logcore.admin.config import ADMIN_CONFIG
from logcore.client.cluster import Cluster
from logcore.client.settings import Settings

if TYPE_CHECKING:
    from logcore.admin.acls import AsyncAcls
    from logcore.admin.cluster import AsyncClusterAdmin
    from logcore.admin.configs import AsyncConfigs
    from logcore.admin.groups import AsyncGroups
    from logcore.admin.offsets import AsyncOffsets
    from logcore.admin.quorum import AsyncQuorum
    from logcore.admin.replicas import AsyncReplicas
    from logcore.admin.share_groups import AsyncShareGroups
    from logcore.admin.tokens import AsyncTokens
    from logcore.admin.topics import AsyncTopics
    from logcore.admin.transactions import AsyncTransactions
    from logcore.admin.users import AsyncQuotas, AsyncUsers
    from logcore.client.metrics.registry import Metrics


class AsyncAdmin:
    """Administration of a cluster.

    Args:
        bootstrap_servers: Brokers to begin with, as ``HOST:PORT``, several with commas.
        settings: Other settings, by Kafka's keys; underscores may stand for the dots.

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
        self,
        bootstrap_servers: str = "localhost:9092",
        **settings: Any,  # noqa: ANN401 - of any key
    ) -> None:
        told: dict[str, Any] = {"bootstrap.servers": bootstrap_servers, **settings}
        self._cluster = Cluster(Settings(ADMIN_CONFIG, told), creates_topics=False)
        timeout_ms = self._cluster.settings.integer("default.api.timeout.ms")
        self._asking = Asking(self._cluster, timeout_ms / 1000)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def reach(self, timeout_s: float | None = None) -> None:
        """Wait until a broker answers: one that is being started, perhaps.

        Args:
            timeout_s: For how long, in seconds; ``default.api.timeout.ms`` if None.

        Raises:
            ClientTimeoutError: If none does; the message says what was tried.
            SaslAuthenticationFailedError: If the broker refuses who we are.
        """
        most_s = self._asking.timeout_ms / 1000
        await self._asking.reach(most_s if timeout_s is None else timeout_s)

    async def close(self) -> None:
        """Close its connections; twice is no error."""
        await self._cluster.push_last()
        self.abandon()
        await asyncio.sleep(0)

    def metrics(self) -> "Metrics":
        """Return what the client measured of itself, under the names of Java's admin client.

        Example:
            >>> admin.metrics()["request-latency-avg"]
        """
        self._cluster.check_loop()
        return self._cluster.metrics.read()

    def abandon(self) -> None:
        """End at once: what is under way fails."""
        self._cluster.close()

    @cached_property
    def topics(self) -> "AsyncTopics":
        """Topics and their partitions."""
        from logcore.admin.topics import AsyncTopics  # noqa: PLC0415 - when it is used

        return AsyncTopics(self._asking)

    @cached_property
    def configs(self) -> "AsyncConfigs":
        """Settings of topics, brokers and groups."""
        from logcore.admin.configs import AsyncConfigs  # noqa: PLC0415 - when it is used

        return AsyncConfigs(self._asking)

    @cached_property
    def groups(self) -> "AsyncGroups":
        """Groups, and the offsets they committed."""
        from logcore.admin.groups import AsyncGroups  # noqa: PLC0415 - when it is used

        return AsyncGroups(self._asking)

    @cached_property
    def share_groups(self) -> "AsyncShareGroups":
        """Where share groups are."""
        from logcore.admin.share_groups import AsyncShareGroups  # noqa: PLC0415 - when it is used

        return AsyncShareGroups(self._asking)

    @cached_property
    def offsets(self) -> "AsyncOffsets":
        """Where partitions begin and end."""
        from logcore.admin.offsets import AsyncOffsets  # noqa: PLC0415 - when it is used

        return AsyncOffsets(self._asking)

    @cached_property
    def transactions(self) -> "AsyncTransactions":
        """Transactions and their producers."""
        from logcore.admin.transactions import AsyncTransactions  # noqa: PLC0415 - when it is used

        return AsyncTransactions(self._asking)

    @cached_property
    def acls(self) -> "AsyncAcls":
        """Access rules."""
        from logcore.admin.acls import AsyncAcls  # noqa: PLC0415 - when it is used

        return AsyncAcls(self._asking)

    @cached_property
    def users(self) -> "AsyncUsers":
        """Users' passwords."""
        from logcore.admin.users import AsyncUsers  # noqa: PLC0415 - when it is used

        return AsyncUsers(self._asking)

    @cached_property
    def quotas(self) -> "AsyncQuotas":
        """Limits of users, clients and addresses."""
        from logcore.admin.users import AsyncQuotas  # noqa: PLC0415 - when it is used

        return AsyncQuotas(self._asking)

    @cached_property
    def cluster(self) -> "AsyncClusterAdmin":
        """Brokers, what they speak, features."""
        from logcore.admin.cluster import AsyncClusterAdmin  # noqa: PLC0415 - when it is used

        return AsyncClusterAdmin(self._asking)

    @cached_property
    def replicas(self) -> "AsyncReplicas":
        """Replicas of partitions: directories, leaders, moves."""
        from logcore.admin.replicas import AsyncReplicas  # noqa: PLC0415 - when it is used

        return AsyncReplicas(self._asking)

    @cached_property
    def quorum(self) -> "AsyncQuorum":
        """The quorum that keeps the metadata."""
        from logcore.admin.quorum import AsyncQuorum  # noqa: PLC0415 - when it is used

        return AsyncQuorum(self._asking)

    @cached_property
    def tokens(self) -> "AsyncTokens":
        """Delegation tokens."""
        from logcore.admin.tokens import AsyncTokens  # noqa: PLC0415 - when it is used

        return AsyncTokens(self._asking)
