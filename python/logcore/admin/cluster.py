"""The cluster itself: its brokers, what they speak and can do, and taking one off the list.

Invariant: nothing changes but by `update_features` and `unregister`.
Neighbours: `asking` reaches the brokers; `replicas` has their directories and what they hold,
`quorum` who keeps the metadata. Source: KIP-35, KIP-584, KIP-700, KIP-1073.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from logcore.admin.asking import Asking
from logcore.admin.operations import operations_of
from logcore.admin.part import Part
from logcore.admin.results import collect, nothing
from logcore.client.blocking import blocking
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from logcore.protocol.messages.describe_cluster import DescribeClusterRequest
from logcore.protocol.messages.unregister_broker import UnregisterBrokerRequest
from logcore.protocol.messages.update_features import FeatureUpdateKey, UpdateFeaturesRequest

if TYPE_CHECKING:
    from logcore.common.access import Operation

_UPGRADE: Final = 1
_SAFE_DOWNGRADE: Final = 2
_UNSAFE_DOWNGRADE: Final = 3


@dataclass(frozen=True, slots=True)
class BrokerDescription:
    """A broker.

    Attributes:
        node_id: Its number.
        host: Its advertised host.
        port: Its advertised port.
        rack: Where it stands, if it says.
        is_fenced: Whether it may not lead.
    """

    node_id: int
    host: str
    port: int
    rack: str | None
    is_fenced: bool


@dataclass(frozen=True, slots=True)
class ClusterDescription:
    """A cluster.

    Attributes:
        cluster_id: Its id.
        controller_id: The broker that answers for its metadata; None if there is none.
        brokers: Its brokers, in order.
        operations: What the asker may do with it, if that was asked for.
    """

    cluster_id: str
    controller_id: int | None
    brokers: tuple[BrokerDescription, ...]
    operations: "frozenset[Operation] | None" = None


@dataclass(frozen=True, slots=True)
class Features:
    """What a cluster can do.

    Attributes:
        finalized: Level in force by feature.
        supported: First and last level that the broker supports, by feature.
        epoch: How often what is in force has changed; None if the broker does not tell.
    """

    finalized: Mapping[str, int]
    supported: Mapping[str, tuple[int, int]]
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Apis:
    """What a broker speaks.

    Attributes:
        known: First and last version by name, such as ``Fetch``.
        unknown: Those by number that this client has no name for.
    """

    known: Mapping[str, tuple[int, int]]
    unknown: Mapping[int, tuple[int, int]] = field(default_factory=dict)


class AsyncClusterAdmin:
    """A cluster as a whole.

    Args:
        asking: What reaches the brokers.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def describe(
        self, *, with_fenced: bool = False, with_operations: bool = False
    ) -> ClusterDescription:
        """Describe the cluster and its brokers.

        Args:
            with_fenced: Whether to name brokers too that may not lead, as those that are down.
            with_operations: Whether to tell what the asker may do.

        Raises:
            UnsupportedVersionError: If the broker cannot tell of fenced ones.
            ClientError: If no broker answers in time.
        """
        request = DescribeClusterRequest(
            include_fenced_brokers=with_fenced,
            include_cluster_authorized_operations=with_operations,
        )
        response = await self._asking.any("describe the cluster", request)
        brokers = (
            BrokerDescription(one.broker_id, one.host, one.port, one.rack, one.is_fenced)
            for one in sorted(response.brokers, key=lambda one: one.broker_id)
        )
        controller = response.controller_id
        return ClusterDescription(
            response.cluster_id,
            None if controller < 0 else controller,
            tuple(brokers),
            operations_of(response.cluster_authorized_operations),
        )

    async def apis(self, node_id: int | None = None) -> Apis:
        """Tell which requests a broker understands, in which versions.

        Args:
            node_id: Which broker; any if None.

        Raises:
            ClientError: If it does not answer in time.
        """
        response = await self._versions(node_id)
        names = {int(key): key.name.title().replace("_", "") for key in ApiKey}
        ranges = {one.api_key: (one.min_version, one.max_version) for one in response.api_keys}
        return Apis(
            {names[key]: versions for key, versions in ranges.items() if key in names},
            {key: versions for key, versions in ranges.items() if key not in names},
        )

    async def features(self, node_id: int | None = None) -> Features:
        """Tell which features there are, and which level of each is in force.

        Args:
            node_id: Which broker to ask what it supports; any if None.

        Raises:
            ClientError: If it does not answer in time.
        """
        response = await self._versions(node_id)
        epoch = response.finalized_features_epoch
        return Features(
            {one.name: one.max_version_level for one in response.finalized_features},
            {one.name: (one.min_version, one.max_version) for one in response.supported_features},
            None if epoch < 0 else epoch,
        )

    async def update_features(
        self, levels: Mapping[str, int], *, unsafe: bool = False, validate_only: bool = False
    ) -> None:
        """Put levels of features in force: all of them, or none. Level 0 turns one off.

        Args:
            levels: Level by feature.
            unsafe: Whether a level may go down although metadata is lost by it.
            validate_only: Whether only to see if it could be done.

        Raises:
            KafkaError: If the cluster refuses.
            ClientError: If no broker answers in time.
        """
        current = (await self.features()).finalized
        down = _UNSAFE_DOWNGRADE if unsafe else _SAFE_DOWNGRADE
        request = UpdateFeaturesRequest(
            timeout_ms=self._asking.timeout_ms,
            feature_updates=[
                FeatureUpdateKey(
                    feature=name,
                    max_version_level=level,
                    upgrade_type=_UPGRADE if level >= current.get(name, 0) else down,
                )
                for name, level in levels.items()
            ],
            validate_only=validate_only,
        )
        response = await self._asking.any("update features", request)
        collect(response.results, lambda result: result.feature, nothing).raise_for_errors()

    async def unregister(self, node_id: int) -> None:
        """Take a broker off the cluster's list, which is gone for good.

        Raises:
            BrokerIdNotRegisteredError: If there is none of that number.
            UnsupportedVersionError: If the cluster keeps no such list.
            KafkaError: If the cluster refuses.
            ClientError: If no broker answers in time.
        """
        request = UnregisterBrokerRequest(broker_id=node_id)
        await self._asking.any(f"unregister broker {node_id}", request)

    async def _versions(self, node_id: int | None) -> ApiVersionsResponse:
        request = ApiVersionsRequest(
            client_software_name="logcore", client_software_version="admin"
        )
        what = "ask what it speaks"
        if node_id is None:
            response: ApiVersionsResponse = await self._asking.any(what, request)
        else:
            response = await self._asking.broker(what, node_id, request)
        return response


class ClusterAdmin(Part):
    """The cluster as a whole; see `AsyncClusterAdmin`."""

    describe = blocking(AsyncClusterAdmin.describe)
    apis = blocking(AsyncClusterAdmin.apis)
    features = blocking(AsyncClusterAdmin.features)
    update_features = blocking(AsyncClusterAdmin.update_features)
    unregister = blocking(AsyncClusterAdmin.unregister)
