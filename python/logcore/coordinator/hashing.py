"""Which partition of an internal topic a name belongs to.

Invariant: the same as Java's `String.hashCode` over UTF-16 and Kafka's `Utils.abs`, because clients
and tools of Kafka compute it too.
Neighbours: groups and transactional ids are spread by it.
"""

from functools import lru_cache
from typing import Final

_INT32_MIN: Final = -(2**31)
_REMEMBERED: Final = 8192
"""For how many names the hash is kept: every heartbeat asks for its group's again."""


@lru_cache(maxsize=_REMEMBERED)
def java_string_hash(text: str) -> int:
    """Return Java's hash of a string, as a signed 32-bit number.

    Example:
        >>> java_string_hash("group")
        98629247
    """
    value = 0
    if text.isascii():
        for unit in text.encode("ascii"):
            value = (31 * value + unit) & 0xFFFFFFFF
    else:
        encoded = text.encode("utf-16-be", "surrogatepass")
        for index in range(0, len(encoded), 2):
            unit = encoded[index] << 8 | encoded[index + 1]
            value = (31 * value + unit) & 0xFFFFFFFF
    return value - 2**32 if value & 0x80000000 else value


def partition_for(name: str, partition_count: int) -> int:
    """Return the partition of a name.

    Example:
        >>> partition_for("group", 50)
        47
    """
    value = java_string_hash(name)
    return (0 if value == _INT32_MIN else abs(value)) % partition_count
