"""ApiVersions: which APIs in which versions, and which features; the first thing a client asks.

Versions: 0 to 4; since 3 clients name themselves and features are told, since 4 also those whose
lowest level is 0. A version that is not served is answered in version 0 with error 35 and the same
list (KIP-511), which `dispatch` does.
"""

import re
from typing import Final

from logcore.broker.apis import APIS
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.common.errors import InvalidRequestError
from logcore.controller.features import SUPPORTED
from logcore.protocol.messages.api_versions import (
    ApiVersion,
    ApiVersionsRequest,
    ApiVersionsResponse,
    FinalizedFeatureKey,
    SupportedFeatureKey,
)

_NAMED_FROM: Final = 3
_LEVEL_ZERO_FROM: Final = 4
_SOFTWARE: Final = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?")

_API_KEYS: Final = [
    ApiVersion(api_key=api.key, min_version=api.min_version, max_version=api.max_version)
    for api in APIS.values()
]


def handle(
    parts: Parts, request: ApiVersionsRequest, context: RequestContext
) -> ApiVersionsResponse:
    """List the APIs and the features."""
    if context.version >= _NAMED_FROM:
        if not _is_named_well(request):
            return ApiVersionsResponse(error_code=InvalidRequestError.code)
        software = (request.client_software_name, request.client_software_version)
        context.connection.software = software
    image = parts.controller.image
    return ApiVersionsResponse(
        api_keys=_API_KEYS,
        supported_features=_supported(context.version),
        finalized_features_epoch=image.offset,
        finalized_features=[
            FinalizedFeatureKey(name=name, max_version_level=level, min_version_level=level)
            for name, level in image.features.items()
        ],
    )


def _is_named_well(request: ApiVersionsRequest) -> bool:
    names = (request.client_software_name, request.client_software_version)
    return all(_SOFTWARE.fullmatch(name) is not None for name in names)


def _supported(version: int) -> list[SupportedFeatureKey]:
    """Return the supported levels; older clients take a range from 0 for nonsense."""
    return [
        SupportedFeatureKey(name=name, min_version=first, max_version=last)
        for name, (first, last) in SUPPORTED.items()
        if first > 0 or version >= _LEVEL_ZERO_FROM
    ]
