"""The highest version in common is chosen; where there is none, the error says what there is."""

import pytest

from logcore.client.api_ranges import ApiRanges
from logcore.common.errors import UnsupportedVersionError
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.api_versions import (
    ApiVersion,
    ApiVersionsResponse,
    FinalizedFeatureKey,
)
from logcore.protocol.messages.metadata import MetadataRequest


def test_choosing() -> None:
    last = MetadataRequest.VERSIONS[1]
    assert ApiRanges({3: (0, 99)}).choose(MetadataRequest) == last
    assert ApiRanges({3: (0, 5)}).choose(MetadataRequest) == 5
    assert ApiRanges({3: (0, 99)}).choose(MetadataRequest, 4) == 4


@pytest.mark.parametrize("offered", [(last := MetadataRequest.VERSIONS[1] + 1, last + 1)])
def test_nothing_in_common(offered: tuple[int, int]) -> None:
    with pytest.raises(UnsupportedVersionError, match="none in common"):
        ApiRanges({3: offered}).choose(MetadataRequest)
    with pytest.raises(UnsupportedVersionError, match="no Metadata"):
        ApiRanges({}).choose(MetadataRequest)
    with pytest.raises(UnsupportedVersionError):
        ApiRanges({3: (6, 9)}).choose(MetadataRequest, 5)


def test_what_a_broker_answered() -> None:
    response = ApiVersionsResponse(
        api_keys=[ApiVersion(api_key=3, min_version=1, max_version=7)],
        finalized_features=[FinalizedFeatureKey(name="group.version", max_version_level=1)],
    )
    ranges = ApiRanges.of(response)
    assert ranges.knows(ApiKey.METADATA, 7)
    assert not ranges.knows(ApiKey.METADATA, 8)
    assert not ranges.knows(ApiKey.PRODUCE)
    assert ranges.features == {"group.version": 1}
