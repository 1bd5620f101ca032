"""`Admin`: administration of a cluster from anywhere, the synchronous twin of `AsyncAdmin`.

Invariant: a part has no logic of its own: each method runs the one of the same name of its twin, on
a loop in a thread, and waits.
Neighbours: `client.blocking` makes the methods.
"""

from typing import Any, Self

from logcore.admin.acls import AsyncAcls
from logcore.admin.async_admin import AsyncAdmin
from logcore.admin.cluster import AsyncClusterAdmin
from logcore.admin.configs import AsyncConfigs
from logcore.admin.groups import AsyncGroups
from logcore.admin.offsets import AsyncOffsets
from logcore.admin.share_groups import AsyncShareGroups
from logcore.admin.topics import AsyncTopics
from logcore.admin.transactions import AsyncTransactions
from logcore.admin.users import AsyncQuotas, AsyncUsers
from logcore.client.blocking import blocking
from logcore.client.loop_thread import LoopThread


class _Part:
    """One part of the client, waiting for its twin."""

    def __init__(self, core: Any, runner: LoopThread) -> None:  # noqa: ANN401 - the part's twin
        self.core = core
        self.runner = runner


class Topics(_Part):
    """Topics; see `AsyncTopics`."""

    create = blocking(AsyncTopics.create)
    delete = blocking(AsyncTopics.delete)
    list = blocking(AsyncTopics.list)
    describe = blocking(AsyncTopics.describe)
    add_partitions = blocking(AsyncTopics.add_partitions)
    delete_records = blocking(AsyncTopics.delete_records)


class Configs(_Part):
    """Settings; see `AsyncConfigs`."""

    describe = blocking(AsyncConfigs.describe)
    alter = blocking(AsyncConfigs.alter)
    resources = blocking(AsyncConfigs.resources)


class Groups(_Part):
    """Groups; see `AsyncGroups`."""

    list = blocking(AsyncGroups.list)
    describe = blocking(AsyncGroups.describe)
    delete = blocking(AsyncGroups.delete)
    offsets = blocking(AsyncGroups.offsets)
    set_offsets = blocking(AsyncGroups.set_offsets)
    delete_offsets = blocking(AsyncGroups.delete_offsets)
    remove_members = blocking(AsyncGroups.remove_members)


class ShareGroups(_Part):
    """Offsets of share groups; see `AsyncShareGroups`."""

    offsets = blocking(AsyncShareGroups.offsets)
    set_offsets = blocking(AsyncShareGroups.set_offsets)
    delete_offsets = blocking(AsyncShareGroups.delete_offsets)


class Offsets(_Part):
    """Offsets of partitions; see `AsyncOffsets`."""

    find = blocking(AsyncOffsets.find)
    bounds = blocking(AsyncOffsets.bounds)
    partitions = blocking(AsyncOffsets.partitions)


class Transactions(_Part):
    """Transactions; see `AsyncTransactions`."""

    list = blocking(AsyncTransactions.list)
    describe = blocking(AsyncTransactions.describe)
    producers = blocking(AsyncTransactions.producers)
    abort = blocking(AsyncTransactions.abort)
    fence = blocking(AsyncTransactions.fence)


class Acls(_Part):
    """Access rules; see `AsyncAcls`."""

    create = blocking(AsyncAcls.create)
    describe = blocking(AsyncAcls.describe)
    delete = blocking(AsyncAcls.delete)


class Users(_Part):
    """Users' passwords; see `AsyncUsers`."""

    credentials = blocking(AsyncUsers.credentials)
    set_password = blocking(AsyncUsers.set_password)
    remove_password = blocking(AsyncUsers.remove_password)


class Quotas(_Part):
    """Quotas; see `AsyncQuotas`."""

    describe = blocking(AsyncQuotas.describe)
    alter = blocking(AsyncQuotas.alter)


class ClusterAdmin(_Part):
    """The cluster as a whole; see `AsyncClusterAdmin`."""

    describe = blocking(AsyncClusterAdmin.describe)
    log_dirs = blocking(AsyncClusterAdmin.log_dirs)
    features = blocking(AsyncClusterAdmin.features)
    update_features = blocking(AsyncClusterAdmin.update_features)
    quorum = blocking(AsyncClusterAdmin.quorum)
    elect_leaders = blocking(AsyncClusterAdmin.elect_leaders)
    reassign = blocking(AsyncClusterAdmin.reassign)
    reassignments = blocking(AsyncClusterAdmin.reassignments)


class Admin:
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
        >>> from logcore import Admin
        >>> from logcore.testing import LocalBroker
        >>> with LocalBroker() as broker, Admin(broker.bootstrap_servers) as admin:
        ...     made = admin.topics.create("orders", "returns").raise_for_errors()
        ...     admin.topics.list()
        ['orders', 'returns']
    """

    def __init__(
        self, bootstrap_servers: str = "localhost:9092", **settings: str | float | bool | None
    ) -> None:
        runner = self._runner = LoopThread("logcore-admin")
        try:
            core = self._core = runner.call(lambda: AsyncAdmin(bootstrap_servers, **settings))
        except BaseException:
            runner.close()
            raise
        self.topics = Topics(core.topics, runner)
        self.configs = Configs(core.configs, runner)
        self.groups = Groups(core.groups, runner)
        self.share_groups = ShareGroups(core.share_groups, runner)
        self.offsets = Offsets(core.offsets, runner)
        self.transactions = Transactions(core.transactions, runner)
        self.acls = Acls(core.acls, runner)
        self.users = Users(core.users, runner)
        self.quotas = Quotas(core.quotas, runner)
        self.cluster = ClusterAdmin(core.cluster, runner)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections, and end its thread; twice is no error."""
        if not self._runner.is_closed:
            self._runner.run(self._core.close())
            self._runner.close()
