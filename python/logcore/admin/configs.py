"""Settings of topics, brokers, groups and client metrics: read and change them.

Invariant: only what was named is changed; every other setting stays as it is.
Neighbours: `asking` reaches the brokers; a broker's own settings are asked of that broker.
Source: KIP-133, KIP-339, KIP-226.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from logcore.admin.asking import Asking
from logcore.admin.part import Part
from logcore.admin.results import Results, collect, nothing
from logcore.client.blocking import blocking
from logcore.common.errors import KafkaError
from logcore.protocol.messages.describe_configs import (
    DescribeConfigsRequest,
    DescribeConfigsResource,
)
from logcore.protocol.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from logcore.protocol.messages.list_config_resources import ListConfigResourcesRequest


class ResourceKind(IntEnum):
    """What has settings, numbered as on the wire."""

    TOPIC = 2
    BROKER = 4
    BROKER_LOGGER = 8
    CLIENT_METRICS = 16
    GROUP = 32


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that has settings.

    Attributes:
        kind: What it is.
        name: Its name; of a broker its number, and empty for what all brokers have in common.
    """

    kind: ResourceKind
    name: str

    @classmethod
    def topic(cls, name: str) -> "Resource":
        """Return a topic."""
        return cls(ResourceKind.TOPIC, name)

    @classmethod
    def broker(cls, node_id: int | None = None) -> "Resource":
        """Return a broker; all of them in common if None."""
        return cls(ResourceKind.BROKER, "" if node_id is None else str(node_id))

    @classmethod
    def group(cls, name: str) -> "Resource":
        """Return a group."""
        return cls(ResourceKind.GROUP, name)

    @property
    def node_id(self) -> int | None:
        """The broker that alone knows; None if any does."""
        of_one = self.kind in {ResourceKind.BROKER, ResourceKind.BROKER_LOGGER}
        return int(self.name) if of_one and self.name else None


class Source(IntEnum):
    """Where a value comes from, numbered as on the wire."""

    UNKNOWN = 0
    DYNAMIC_TOPIC = 1
    DYNAMIC_BROKER = 2
    DYNAMIC_DEFAULT_BROKER = 3
    STATIC_BROKER = 4
    DEFAULT = 5
    DYNAMIC_BROKER_LOGGER = 6
    CLIENT_METRICS = 7
    GROUP = 8


@dataclass(frozen=True, slots=True)
class Config:
    """A setting.

    Attributes:
        name: Its key.
        value: Its value; None if it has none, or must not be shown.
        source: Where the value comes from.
        is_read_only: Whether it cannot be changed while the broker runs.
        is_sensitive: Whether it must not be shown.
        synonyms: Where else a value is set, the strongest first: key, value, source.
        documentation: What it means, if that was asked for.
    """

    name: str
    value: str | None
    source: Source
    is_read_only: bool
    is_sensitive: bool
    synonyms: tuple[tuple[str, str | None, Source], ...] = ()
    documentation: str | None = None

    @property
    def is_default(self) -> bool:
        """Whether nobody set it."""
        return self.source == Source.DEFAULT


class _Change(IntEnum):
    SET = 0
    DELETE = 1
    APPEND = 2
    SUBTRACT = 3


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of one resource's settings, by key.

    Attributes:
        set: Values to set.
        delete: Keys to bring back to their defaults.
        append: Elements to add to lists, with commas between them.
        subtract: Elements to take from lists.
    """

    set: Mapping[str, str] = field(default_factory=dict)
    delete: Iterable[str] = ()
    append: Mapping[str, str] = field(default_factory=dict)
    subtract: Mapping[str, str] = field(default_factory=dict)

    def operations(self) -> list[AlterableConfig]:
        """Return them as the protocol has them."""
        valued = {
            _Change.SET: self.set,
            _Change.APPEND: self.append,
            _Change.SUBTRACT: self.subtract,
        }
        made = [
            AlterableConfig(name=name, config_operation=int(change), value=value)
            for change, values in valued.items()
            for name, value in values.items()
        ]
        gone = (
            AlterableConfig(name=name, config_operation=int(_Change.DELETE), value=None)
            for name in self.delete
        )
        return [*made, *gone]


class AsyncConfigs:
    """The settings of a cluster.

    Args:
        asking: What reaches the brokers.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def describe(
        self,
        *resources: Resource,
        keys: Iterable[str] | None = None,
        with_synonyms: bool = False,
        with_documentation: bool = False,
    ) -> Results[Resource, dict[str, Config]]:
        """Read settings.

        Args:
            resources: Whose.
            keys: Which; all of them if None.
            with_synonyms: Whether to tell where else values are set.
            with_documentation: Whether to tell what settings mean.

        Returns:
            Settings by key, or why they cannot be read, by resource.

        Raises:
            ClientError: If a broker does not answer in time.

        Example:
            >>> from logcore import Admin
            >>> from logcore.admin.configs import Resource
            >>> from logcore.testing import LocalBroker
            >>> with LocalBroker() as broker, Admin(broker.bootstrap_servers) as admin:
            ...     topic = Resource.topic(broker.create_topic(retention_ms=1000))
            ...     admin.configs.describe(topic)[topic]["retention.ms"].value
            '1000'
        """
        wanted = None if keys is None else list(keys)
        values: dict[Resource, dict[str, Config]] = {}
        errors: dict[Resource, KafkaError] = {}
        for node_id, some in _by_node(resources).items():
            request = DescribeConfigsRequest(
                resources=[
                    DescribeConfigsResource(
                        resource_type=int(one.kind),
                        resource_name=one.name,
                        configuration_keys=wanted,
                    )
                    for one in some
                ],
                include_synonyms=with_synonyms,
                include_documentation=with_documentation,
            )
            response = await self._ask("read settings", node_id, request)
            found = collect(response.results, _resource_of, _configs_of)
            values |= found.succeeded
            errors |= found.errors
        return Results(values, errors)

    async def alter(
        self, changes: Mapping[Resource, Changes], *, validate_only: bool = False
    ) -> Results[Resource, None]:
        """Change settings.

        Args:
            changes: What to change, by resource.
            validate_only: Whether only to see if it could be done.

        Returns:
            None, or why nothing was changed, by resource.

        Raises:
            ClientError: If a broker does not answer in time.
        """
        values: dict[Resource, None] = {}
        errors: dict[Resource, KafkaError] = {}
        for node_id, some in _by_node(changes).items():
            request = IncrementalAlterConfigsRequest(
                resources=[
                    AlterConfigsResource(
                        resource_type=int(one.kind),
                        resource_name=one.name,
                        configs=changes[one].operations(),
                    )
                    for one in some
                ],
                validate_only=validate_only,
            )
            response = await self._ask("change settings", node_id, request)
            found = collect(response.responses, _resource_of, nothing)
            values |= found.succeeded
            errors |= found.errors
        return Results(values, errors)

    async def resources(self, *kinds: ResourceKind) -> list[Resource]:
        """Return what has settings of its own: of some kinds, or of all that brokers know.

        Raises:
            ClientError: If no broker answers in time.
        """
        request = ListConfigResourcesRequest(resource_types=[int(kind) for kind in kinds])
        response = await self._asking.any("list what has settings", request)
        return [
            Resource(ResourceKind(found.resource_type), found.resource_name)
            for found in response.config_resources
        ]

    async def _ask(self, what: str, node_id: int | None, request: Any) -> Any:  # noqa: ANN401
        if node_id is None:
            return await self._asking.any(what, request)
        return await self._asking.broker(what, node_id, request)


class Configs(Part):
    """Settings; see `AsyncConfigs`."""

    describe = blocking(AsyncConfigs.describe)
    alter = blocking(AsyncConfigs.alter)
    resources = blocking(AsyncConfigs.resources)


def _by_node(resources: Iterable[Resource]) -> dict[int | None, list[Resource]]:
    found: dict[int | None, list[Resource]] = {}
    for one in resources:
        found.setdefault(one.node_id, []).append(one)
    return found


def _resource_of(result: Any) -> Resource:  # noqa: ANN401 - of either response
    return Resource(ResourceKind(result.resource_type), result.resource_name)


def _configs_of(result: Any) -> dict[str, Config]:  # noqa: ANN401 - DescribeConfigsResult
    return {
        config.name: Config(
            config.name,
            config.value,
            _source(config.config_source),
            config.read_only,
            config.is_sensitive,
            tuple((one.name, one.value, _source(one.source)) for one in config.synonyms),
            config.documentation,
        )
        for config in result.configs
    }


def _source(number: int) -> Source:
    return Source(number) if number in set(Source) else Source.UNKNOWN
