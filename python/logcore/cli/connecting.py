"""What the commands that speak to a cluster share: where it is, how to log in, what to ask by.

Invariant: every such command takes the same options, and works against any Kafka. A file of
settings may be one that Kafka's own tools take. A setting that a client refuses is a usage error.
Neighbours: `topic`, `group`, `config` and the others are the users; `logcore.admin` asks;
`settings_usage` says which settings are refused so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from logcore.cli.settings_usage import settings_of_options

if TYPE_CHECKING:
    from logcore.admin.admin import Admin
    from logcore.consumer.consumer import Consumer
    from logcore.consumer.share_consumer import ShareConsumer
    from logcore.producer.producer import Producer

C = TypeVar("C", "Producer", "Consumer", "ShareConsumer")
F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_BOOTSTRAP: Final = "localhost:9092"
TIMEOUT: Final = "default.api.timeout.ms"
TIMEOUT_MS: Final = "10000"
REACH_S: Final = 3.0
"""Somebody waits: a cluster that is not there is said sooner than to a program."""
BOOTSTRAP_VARIABLE: Final = "LOGCORE_BOOTSTRAP_SERVERS"


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """How to reach a cluster.

    Attributes:
        bootstrap_servers: Brokers to begin with.
        settings: Other settings of the client, by Kafka's keys.
        of_file: Those of them, and of the brokers, that a file has.
    """

    bootstrap_servers: str
    settings: dict[str, str]
    of_file: frozenset[str] = frozenset()

    def is_of_file(self, key: str) -> bool:
        """Whether a file says the value of a key, and no option does."""
        return key in self.of_file

    def admin(self, reach_s: float | None = None) -> "Admin":
        """Return a client for administration that has reached the cluster, for a ``with`` block.

        Args:
            reach_s: How long to try, in seconds; not for long if None.

        Raises:
            click.UsageError: If an option said what is no setting.
            ClientTimeoutError: If no broker answers in time.
        """
        from logcore.admin.admin import Admin  # noqa: PLC0415 - only when something is asked

        settings = {TIMEOUT: TIMEOUT_MS} | self.settings
        with settings_of_options(self.is_of_file):
            admin = Admin(self.bootstrap_servers, **settings)
        try:
            admin.reach(min(REACH_S, int(settings[TIMEOUT]) / 1000) if reach_s is None else reach_s)
        except BaseException:
            admin.close()
            raise
        return admin

    def producer(self) -> "Producer":
        """Return a client that sends, to be used in a ``with`` block; raises as `admin` does."""
        from logcore.producer.producer import Producer  # noqa: PLC0415

        told = {"max.block.ms": TIMEOUT_MS, "bootstrap.servers": self.bootstrap_servers}
        with settings_of_options(self.is_of_file):
            producer = Producer(told | self.settings)
        return self._reached(producer)

    def consumer(self, group: str | None, topics: Sequence[str] = ()) -> "Consumer":
        """Return a client that reads, perhaps in a group.

        Args:
            group: Its group, if any.
            topics: What must be there.

        Raises:
            ClientTimeoutError: If no broker answers soon.
            UnknownTopicOrPartitionError: If a topic is not there.
        """
        from logcore.consumer.consumer import Consumer  # noqa: PLC0415

        told = {
            "bootstrap.servers": self.bootstrap_servers,
            "auto.offset.reset": "earliest",
            "allow.auto.create.topics": "false",  # who looks makes nothing
            TIMEOUT: TIMEOUT_MS,
        }
        if group is not None:
            told["group.id"] = group
        with settings_of_options(self.is_of_file):
            consumer = Consumer(config=told | self.settings)
        return self._reached(consumer, topics)

    def share_consumer(self, group: str, topics: Sequence[str]) -> "ShareConsumer":
        """Return a member of a share group, which acquires no more than it is asked for.

        Args:
            group: The share group.
            topics: What it reads, and must be there.

        Raises:
            ClientTimeoutError: If no broker answers soon.
            UnknownTopicOrPartitionError: If a topic is not there.
        """
        from logcore.consumer.share_consumer import ShareConsumer  # noqa: PLC0415

        told = {
            "bootstrap.servers": self.bootstrap_servers,
            "group.id": group,
            "allow.auto.create.topics": "false",  # who looks makes nothing
            "share.acknowledgement.mode": "explicit",
            "share.acquire.mode": "record_limit",
            TIMEOUT: TIMEOUT_MS,
        }
        with settings_of_options(self.is_of_file):
            consumer = ShareConsumer(*topics, config=told | self.settings)
        return self._reached(consumer, topics)

    def _reached(self, client: C, topics: Sequence[str] = ()) -> C:
        from logcore.admin.config import ADMIN_CONFIG  # noqa: PLC0415 - as the clients

        shared = {key: value for key, value in self.settings.items() if key in ADMIN_CONFIG}
        try:
            with replace(self, settings=shared).admin() as admin:
                if topics:
                    admin.topics.describe(*topics).raise_for_errors()
                return client
        except BaseException:
            client.close()
            raise


def cluster_options(command: F) -> F:
    """Give a command ``-b``, ``-X`` and ``--command-config``, as its argument `cluster`."""

    def made(
        context: click.Context, parameter: click.Parameter, value: Sequence[str]
    ) -> ClusterOptions:
        del parameter
        found: str = context.params.pop("bootstrap") or DEFAULT_BOOTSTRAP
        filed, told = read_settings(context.params.pop("command_config")), parse_pairs(value)
        settings, of_file = filed | told, frozenset(filed) - frozenset(told)
        return ClusterOptions(settings.pop("bootstrap.servers", found), settings, of_file)

    for option in (
        click.option(
            "-X", "cluster", multiple=True, metavar="KEY=VALUE", callback=made,
            help="A setting of the client, by Kafka's key.",
        ),
        click.option(
            "--command-config", type=click.Path(exists=True, dir_okay=False), metavar="FILE",
            is_eager=True, help="Settings of the client, as a properties file.",
        ),
        click.option(
            "-b", "--bootstrap", envvar=BOOTSTRAP_VARIABLE, metavar="HOST:PORT", is_eager=True,
            help=f"A broker of the cluster.  [env: {BOOTSTRAP_VARIABLE}; default: "
            f"{DEFAULT_BOOTSTRAP}]",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def dry_run_option(command: F) -> F:
    """Give a command ``--dry-run``, as its argument `dry_run`."""
    return click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")(
        command
    )


def parse_pairs(pairs: Sequence[str]) -> dict[str, str]:
    """Return ``KEY=VALUE`` words as a mapping.

    Raises:
        click.BadParameter: If one has no ``=``.
    """
    found = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise click.BadParameter(f"{pair}: write KEY=VALUE")
        found[key] = value
    return found


def read_settings(path: str | None) -> dict[str, str]:
    """Return the settings of a properties file; none without a file."""
    if path is None:
        return {}
    from pathlib import Path  # noqa: PLC0415 - only with a file

    from logcore.common import properties  # noqa: PLC0415

    return properties.parse(properties.decode(Path(path).read_bytes()))
