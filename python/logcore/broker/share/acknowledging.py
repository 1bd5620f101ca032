"""What a request's acknowledgements must be like before any record is looked at.

Invariant: what passes here costs work in proportion to the bytes of the request, however large the
ranges that it names.
Neighbours: `handlers.share_fetch` and `handlers.share_acknowledge` ask; `share_partition` goes on.
Source: Apache Kafka 4.3.1's `KafkaApis` for the checks; each fails with INVALID_REQUEST.
"""

from collections.abc import Sequence

from logcore.broker.share.record_states import AcknowledgeType
from logcore.broker.share.share_partition import Acknowledgement


def problem(
    acknowledgements: Sequence[Acknowledgement], *, knows_renewal: bool, is_renewal: bool
) -> str | None:
    """Return what is wrong with the ranges of one partition, None if nothing is.

    Args:
        acknowledgements: The ranges.
        knows_renewal: Whether the request's version has renewals.
        is_renewal: Whether the request says that it renews.
    """
    highest = AcknowledgeType.RENEW if knows_renewal else AcknowledgeType.REJECT
    last_end = -1
    for each in acknowledgements:
        found = _problem_of(each, last_end) or _problem_of_types(each.acknowledge_types, highest)
        if found is not None:
            return found
        if not is_renewal and AcknowledgeType.RENEW in each.acknowledge_types:
            return "locks are renewed only by a request that says so"
        last_end = each.last_offset
    return None


def _problem_of(each: Acknowledgement, last_end: int) -> str | None:
    first, last, count = each.first_offset, each.last_offset, len(each.acknowledge_types)
    if first > last:
        return f"records {first} to {last} end before they begin"
    if first < last_end:
        return f"records from {first} on overlap those before them"
    if count != 1 and last - first != count - 1:
        return f"records {first} to {last} have {count} types of acknowledgement"
    return None


def _problem_of_types(types: Sequence[int], highest: int) -> str | None:
    return None if min(types) >= 0 and max(types) <= highest else "a type is unknown"
