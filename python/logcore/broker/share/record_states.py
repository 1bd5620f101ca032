"""The states of a record that a share group reads, and the types of acknowledgement.

Invariant: the numbers are those of the wire and of `__share_group_state`. A record goes from
AVAILABLE to ACQUIRED, and from there back or to one of the two ends, which nothing leaves.
Neighbours: `window` holds records in states; `acknowledging` reads types from requests.
"""

from enum import IntEnum
from typing import Final


class RecordState(IntEnum):
    """What has become of a record."""

    AVAILABLE = 0
    ACQUIRED = 1
    ACKNOWLEDGED = 2
    ARCHIVED = 4


class AcknowledgeType(IntEnum):
    """What a consumer says of a record."""

    GAP = 0
    ACCEPT = 1
    RELEASE = 2
    REJECT = 3
    RENEW = 4


AFTER: Final = {
    AcknowledgeType.GAP: RecordState.ARCHIVED,
    AcknowledgeType.ACCEPT: RecordState.ACKNOWLEDGED,
    AcknowledgeType.RELEASE: RecordState.AVAILABLE,
    AcknowledgeType.REJECT: RecordState.ARCHIVED,
}
"""The state that an acknowledgement asks for; a renewal asks for none."""

TERMINAL: Final = frozenset({RecordState.ACKNOWLEDGED, RecordState.ARCHIVED})
"""The states that nothing leaves."""
