"""What stands in front of a message on a connection: the headers of requests and responses.

Written by hand, because every request pays for it, and because a header's own version follows from
the API and version it announces.
Invariant: the response to ApiVersions has the oldest header in all versions, so that a client can
read the answer to a version that the broker does not know.
Neighbours: `api_keys` knows which versions are flexible; `frame` puts a length before the header.
"""

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from logcore.protocol.api_keys import FLEXIBLE_FROM, ApiKey
from logcore.protocol.errors import MalformedMessageError, UnencodableMessageError
from logcore.protocol.field import NEVER
from logcore.protocol.wire import STRING_BYTES_MAX, cut_short, read_varint, skip_tags

if TYPE_CHECKING:
    from typing_extensions import Buffer

_REQUEST: Final = struct.Struct(">hhih")
_CORRELATION_ID: Final = struct.Struct(">i")
_NO_TAGS: Final = b"\x00"
_API_VERSIONS: Final = ApiKey.API_VERSIONS.value


class RequestHeader(NamedTuple):
    """The header of a request.

    Attributes:
        api_key: Which API, by number; it may be one that nobody knows.
        version: In which version the request is written.
        correlation_id: What the response has to repeat.
        client_id: What the client calls itself.
    """

    api_key: int
    version: int
    correlation_id: int
    client_id: str | None


def decode_request_header(frame: memoryview) -> tuple[RequestHeader, int]:
    """Read the header of a request.

    Args:
        frame: The request, without its length.

    Returns:
        The header, and where in the frame the message begins. Of an unknown API the header is read
        as an old one; its message means nothing anyway.

    Raises:
        MalformedMessageError: If the bytes are no header.
    """
    try:
        api_key, version, correlation_id, length = _REQUEST.unpack_from(frame)
        position = _REQUEST.size
        client_id = None
        if length >= 0:
            start, position = position, position + length
            if position > len(frame):
                cut_short("client id", start, length, len(frame))
            client_id = str(frame[start:position], "utf-8")
        if version >= FLEXIBLE_FROM.get(api_key, NEVER):
            count = frame[position]
            position += 1
            if count:
                position = skip_tags(frame, position, len(frame), count)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise MalformedMessageError(f"request header: {error}") from None
    return RequestHeader(api_key, version, correlation_id, client_id), position


def request_header(header: RequestHeader) -> bytes:
    """Write the header of a request.

    Raises:
        UnencodableMessageError: If the client id is too long.
    """
    client_id = b"" if header.client_id is None else header.client_id.encode()
    if len(client_id) > STRING_BYTES_MAX:
        raise UnencodableMessageError(f"a client id of {len(client_id)} bytes is too long")
    length = -1 if header.client_id is None else len(client_id)
    fixed = _REQUEST.pack(header.api_key, header.version, header.correlation_id, length)
    is_flexible = header.version >= FLEXIBLE_FROM.get(header.api_key, NEVER)
    return fixed + client_id + (_NO_TAGS if is_flexible else b"")


def has_tags(api_key: int, version: int) -> bool:
    """Whether the header of a response has tagged fields."""
    return version >= FLEXIBLE_FROM.get(api_key, NEVER) and api_key != _API_VERSIONS


def response_header(api_key: int, version: int, correlation_id: int) -> bytes:
    """Write the header of a response to an API and version.

    Example:
        >>> response_header(3, 12, 7).hex(), response_header(18, 3, 7).hex()
        ('0000000700', '00000007')
    """
    header = _CORRELATION_ID.pack(correlation_id)
    return header + _NO_TAGS if has_tags(api_key, version) else header


def decode_response_header(frame: "Buffer", api_key: int, version: int) -> tuple[int, int]:
    """Read the header of a response to a request that one has sent.

    Args:
        frame: The response, without its length.
        api_key: The API of the request.
        version: The version of the request.

    Returns:
        The correlation id, and where in the frame the message begins.

    Raises:
        MalformedMessageError: If the bytes are no header.
    """
    view = memoryview(frame)
    try:
        (correlation_id,) = _CORRELATION_ID.unpack_from(view)
        position = _CORRELATION_ID.size
        if has_tags(api_key, version):
            count, position = read_varint(view, position)
            position = skip_tags(view, position, len(view), count) if count else position
    except (struct.error, IndexError) as error:
        raise MalformedMessageError(f"response header: {error}") from None
    return correlation_id, position
