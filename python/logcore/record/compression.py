"""Opening what a client compressed by one of Kafka's codecs, outside of a record batch.

Invariant: no more comes out than the caller allows, however the data is made.
Neighbours: the engine does the work; `broker.telemetry` reads clients' metrics with it.
"""

from typing import TYPE_CHECKING, Final

from logcore._native import decompress as _decompress
from logcore.common.errors import UnsupportedCompressionTypeError

if TYPE_CHECKING:
    from typing_extensions import Buffer

CODECS: Final = {0: "none", 1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
"""Kafka's codecs by their numbers."""


def decompress(codec_id: int, data: "Buffer", limit_bytes: int) -> bytes:
    """Return what was compressed.

    Args:
        codec_id: The number of the codec.
        data: What came out of it.
        limit_bytes: The most that may have gone in.

    Raises:
        CorruptMessageError: If the data is damaged, or there is more in it than allowed.
        UnsupportedCompressionTypeError: If no codec has this number.

    Example:
        >>> import gzip
        >>> decompress(1, gzip.compress(b"metrics"), limit_bytes=100)
        b'metrics'
    """
    if codec_id not in CODECS:
        raise UnsupportedCompressionTypeError(f"there is no codec {codec_id}")
    return _decompress(codec_id, bytes(data), limit_bytes)
