"""Features of the cluster: what this release supports, and changes of what is in force.

Invariant: a level in force is one that this release supports; metadata.version never goes down,
because its records could not be read by what would come then.
Neighbours: `controller` puts the first levels in force; ApiVersions tells both.
Source: Apache Kafka 4.3.1, `FeatureControlManager` and `MetadataVersion`.
"""

from collections.abc import Mapping
from typing import Final

from logcore.common.errors import (
    InvalidRequestError,
    InvalidUpdateVersionError,
    KafkaError,
)
from logcore.controller.image import METADATA_VERSION, MetadataImage
from logcore.protocol.internal.metadata import FeatureLevelRecord
from logcore.protocol.messages.update_features import (
    FeatureUpdateKey,
    UpdatableFeatureResult,
    UpdateFeaturesRequest,
    UpdateFeaturesResponse,
)

METADATA_VERSION_LEVEL: Final = 30
"""4.3-IV0."""
METADATA_VERSION_FIRST: Final = 7
"""3.3-IV3: the oldest whose records every release since can read."""

SUPPORTED: Final[Mapping[str, tuple[int, int]]] = {
    METADATA_VERSION: (METADATA_VERSION_FIRST, METADATA_VERSION_LEVEL),
    "eligible.leader.replicas.version": (0, 1),
    "group.version": (0, 1),
    "streams.version": (0, 1),
    "transaction.version": (0, 2),
    "share.version": (0, 1),
}
"""Range of levels by feature."""

INITIAL: Final[Mapping[str, int]] = {
    METADATA_VERSION: METADATA_VERSION_LEVEL,
    "group.version": 1,
    "streams.version": 1,
    "transaction.version": 2,
    "share.version": 1,
}
"""What is in force in a new cluster."""

UPGRADE: Final = 1
SAFE_DOWNGRADE: Final = 2
UNSAFE_DOWNGRADE: Final = 3


def decide_features(
    image: MetadataImage, request: UpdateFeaturesRequest, version: int
) -> tuple[list[FeatureLevelRecord], UpdateFeaturesResponse]:
    """Decide an UpdateFeatures request: all of its features change, or none.

    Args:
        image: The metadata.
        request: What is asked for.
        version: The request's version, which knows other downgrades before 1.

    Returns:
        The records, none if the request is only to be validated, and the response.
    """
    records: list[FeatureLevelRecord] = []
    results: dict[str, UpdatableFeatureResult] = {}
    for update in request.feature_updates:
        name = update.feature
        try:
            if name in results:
                raise InvalidRequestError("it appears more than once")
            records += _decide(image, update, _kind_of(update, version))
        except KafkaError as error:
            return [], _refusal(error, name)
        results[name] = UpdatableFeatureResult(feature=name, error_message=None)
    response = UpdateFeaturesResponse(error_message=None, results=list(results.values()))
    return [] if request.validate_only else records, response


def _kind_of(update: FeatureUpdateKey, version: int) -> int:
    if version == 0:
        return SAFE_DOWNGRADE if update.allow_downgrade else UPGRADE
    return update.upgrade_type


def _refusal(error: KafkaError, feature: str) -> UpdateFeaturesResponse:
    return UpdateFeaturesResponse(
        error_code=error.code,
        error_message=f"nothing was changed, because of feature {feature}: {error}",
    )


def _decide(image: MetadataImage, update: FeatureUpdateKey, kind: int) -> list[FeatureLevelRecord]:
    name, level = update.feature, update.max_version_level
    current = image.features.get(name, 0)
    if kind not in {UPGRADE, SAFE_DOWNGRADE, UNSAFE_DOWNGRADE}:
        raise InvalidUpdateVersionError(f"there is no upgrade of type {kind}")
    first, last = SUPPORTED.get(name, (0, -1))
    if last < 0:
        raise InvalidUpdateVersionError(f"feature {name} is not known here")
    if level != 0 and not first <= level <= last:
        raise InvalidUpdateVersionError(
            f"feature {name} has levels {first} to {last} here, not {level}"
        )
    if level < current and kind == UPGRADE:
        raise InvalidUpdateVersionError(
            f"feature {name} is at level {current}; going down to {level} must be asked for as a "
            "downgrade"
        )
    if level > current and kind != UPGRADE:
        raise InvalidUpdateVersionError(
            f"feature {name} is at level {current}; {level} would be no downgrade"
        )
    if name == METADATA_VERSION and level < current:
        raise InvalidUpdateVersionError(
            f"{name} cannot go down from {current}: metadata would be lost"
        )
    if level == current:
        return []
    return [FeatureLevelRecord(name=name, feature_level=level)]
