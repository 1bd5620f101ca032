"""Which version of which API to speak with one broker, chosen from what it says of itself.

Invariant: a version that was chosen is one that both sides know, the highest such.
Neighbours: `connection` asks for the ranges first of all; who sends a request has its version
chosen.
"""

from collections.abc import Mapping
from typing import Final

from logcore.common.errors import UnsupportedVersionError
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.api_versions import ApiVersionsResponse
from logcore.protocol.schema import Message

_NONE: Final[tuple[int, int]] = (0, -1)


class ApiRanges:
    """What a broker understands.

    Attributes:
        features: Levels of the features that are finalized in its cluster.
    """

    def __init__(
        self, ranges: Mapping[int, tuple[int, int]], features: Mapping[str, int] | None = None
    ) -> None:
        self._ranges = dict(ranges)
        self._chosen: dict[tuple[type[Message], int | None], int] = {}
        self.features = dict(features or {})

    @classmethod
    def of(cls, response: ApiVersionsResponse) -> "ApiRanges":
        """Take over what a broker answered."""
        ranges = {api.api_key: (api.min_version, api.max_version) for api in response.api_keys}
        features = {each.name: each.max_version_level for each in response.finalized_features}
        return cls(ranges, features)

    def knows(self, api: ApiKey, version: int = 0) -> bool:
        """Whether the broker serves an API in a version or a later one."""
        return self._ranges.get(api, _NONE)[1] >= version

    def choose(self, request: type[Message], at_most: int | None = None) -> int:
        """Choose the version of a request.

        Args:
            request: Its class.
            at_most: The highest that the caller can use.

        Raises:
            UnsupportedVersionError: If there is none in common.
        """
        version = self._chosen.get((request, at_most))
        if version is None:
            version = self._choose(request, at_most)
            self._chosen[request, at_most] = version
        return version

    def _choose(self, request: type[Message], at_most: int | None) -> int:
        name = request.__name__.removesuffix("Request")
        known = self._ranges.get(request.API_KEY)
        if known is None:
            raise UnsupportedVersionError(f"the broker has no {name}")
        low, high = request.VERSIONS
        if at_most is not None:
            high = min(high, at_most)
        version = min(high, known[1])
        if version < max(low, known[0]):
            raise UnsupportedVersionError(
                f"the broker speaks {name} in versions {known[0]} to {known[1]}, "
                f"and here are {low} to {high}: there is none in common"
            )
        return version
