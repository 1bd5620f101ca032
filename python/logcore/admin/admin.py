"""`Admin`: administration of a cluster from anywhere, the synchronous twin of `AsyncAdmin`.

Invariant: nothing happens here: each part waits for its twin, on a loop in a thread; a part is
imported when it is first used.
Neighbours: each part is a module of this room; `part` says how one waits.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from logcore.admin.async_admin import AsyncAdmin
from logcore.client.loop_thread import LoopThread

if TYPE_CHECKING:
    from logcore.admin.acls import Acls
    from logcore.admin.cluster import ClusterAdmin
    from logcore.admin.configs import Configs
    from logcore.admin.groups import Groups
    from logcore.admin.offsets import Offsets
    from logcore.admin.quorum import Quorum
    from logcore.admin.replicas import Replicas
    from logcore.admin.share_groups import ShareGroups
    from logcore.admin.tokens import Tokens
    from logcore.admin.topics import Topics
    from logcore.admin.transactions import Transactions
    from logcore.admin.users import Quotas, Users
    from logcore.client.metrics.registry import Metrics


class Admin:
    """Administration of a cluster.

    Args:
        bootstrap_servers: Brokers to begin with, as ``HOST:PORT``, several with commas.
        settings: Other settings, by Kafka's keys; underscores may stand for the dots.

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
        self,
        bootstrap_servers: str = "localhost:9092",
        **settings: Any,  # noqa: ANN401 - of any key
    ) -> None:
        runner = self._runner = LoopThread("logcore-admin")
        try:
            self._core = runner.call(lambda: AsyncAdmin(bootstrap_servers, **settings))
            runner.at_end(self._core.abandon)
        except BaseException:
            runner.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reach(self, timeout_s: float | None = None) -> None:
        """Wait until a broker answers: one that is being started, perhaps.

        Args:
            timeout_s: For how long, in seconds; ``default.api.timeout.ms`` if None.

        Raises:
            ClientTimeoutError: If none does; the message says what was tried.
            SaslAuthenticationFailedError: If the broker refuses who we are.

        Example:
            >>> from logcore import Admin
            >>> from logcore.testing import LocalBroker
            >>> with LocalBroker() as broker, Admin(broker.bootstrap_servers) as admin:
            ...     admin.reach(timeout_s=10)
        """
        self._runner.run(self._core.reach(timeout_s))

    def close(self) -> None:
        """Close its connections, and end its thread; twice is no error."""
        self._runner.finish(lambda: self._runner.run(self._core.close()))

    def metrics(self) -> "Metrics":
        """Return what the client measured of itself, under the names of Java's admin client.

        Example:
            >>> admin.metrics()["request-latency-avg"]
        """
        return self._runner.call(self._core.metrics)

    @cached_property
    def topics(self) -> "Topics":
        """Topics and their partitions."""
        from logcore.admin.topics import Topics  # noqa: PLC0415 - when it is used

        return Topics(self._core.topics, self._runner)

    @cached_property
    def configs(self) -> "Configs":
        """Settings of topics, brokers and groups."""
        from logcore.admin.configs import Configs  # noqa: PLC0415 - when it is used

        return Configs(self._core.configs, self._runner)

    @cached_property
    def groups(self) -> "Groups":
        """Groups, and the offsets they committed."""
        from logcore.admin.groups import Groups  # noqa: PLC0415 - when it is used

        return Groups(self._core.groups, self._runner)

    @cached_property
    def share_groups(self) -> "ShareGroups":
        """Where share groups are."""
        from logcore.admin.share_groups import ShareGroups  # noqa: PLC0415 - when it is used

        return ShareGroups(self._core.share_groups, self._runner)

    @cached_property
    def offsets(self) -> "Offsets":
        """Where partitions begin and end."""
        from logcore.admin.offsets import Offsets  # noqa: PLC0415 - when it is used

        return Offsets(self._core.offsets, self._runner)

    @cached_property
    def transactions(self) -> "Transactions":
        """Transactions and their producers."""
        from logcore.admin.transactions import Transactions  # noqa: PLC0415 - when it is used

        return Transactions(self._core.transactions, self._runner)

    @cached_property
    def acls(self) -> "Acls":
        """Access rules."""
        from logcore.admin.acls import Acls  # noqa: PLC0415 - when it is used

        return Acls(self._core.acls, self._runner)

    @cached_property
    def users(self) -> "Users":
        """Users' passwords."""
        from logcore.admin.users import Users  # noqa: PLC0415 - when it is used

        return Users(self._core.users, self._runner)

    @cached_property
    def quotas(self) -> "Quotas":
        """Limits of users, clients and addresses."""
        from logcore.admin.users import Quotas  # noqa: PLC0415 - when it is used

        return Quotas(self._core.quotas, self._runner)

    @cached_property
    def cluster(self) -> "ClusterAdmin":
        """Brokers, what they speak, features."""
        from logcore.admin.cluster import ClusterAdmin  # noqa: PLC0415 - when it is used

        return ClusterAdmin(self._core.cluster, self._runner)

    @cached_property
    def replicas(self) -> "Replicas":
        """Replicas of partitions: directories, leaders, moves."""
        from logcore.admin.replicas import Replicas  # noqa: PLC0415 - when it is used

        return Replicas(self._core.replicas, self._runner)

    @cached_property
    def quorum(self) -> "Quorum":
        """The quorum that keeps the metadata."""
        from logcore.admin.quorum import Quorum  # noqa: PLC0415 - when it is used

        return Quorum(self._core.quorum, self._runner)

    @cached_property
    def tokens(self) -> "Tokens":
        """Delegation tokens."""
        from logcore.admin.tokens import Tokens  # noqa: PLC0415 - when it is used

        return Tokens(self._core.tokens, self._runner)
