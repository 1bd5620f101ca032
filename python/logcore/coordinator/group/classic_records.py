"""The GroupMetadata record of a classic group, in the version that Kafka 4.3 writes.

Invariant: what is written here is all that `ClassicGroup.apply` needs.
Neighbours: `classic_sync`, `classic_join` and `classic_rebalance` write it down.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.result import CoordinatorRecord
from logcore.protocol.internal.group import GroupMetadataKey, GroupMetadataValue, MemberMetadata

GROUP_METADATA_VERSION: Final = 3


def group_metadata(
    group: ClassicGroup, assignment: Mapping[str, bytes], now_ms: int
) -> CoordinatorRecord:
    """Make the record of a group in its present generation.

    Args:
        group: The group; its generation, protocol and members are taken as they are.
        assignment: What each member is assigned, by member id; who is not in it gets nothing.
        now_ms: Since when the group is in the state that this record brings about.
    """
    protocol = group.protocol_name
    return group_metadata_of(
        group,
        generation=group.generation,
        now_ms=now_ms,
        members=[
            MemberMetadata(
                member_id=member.member_id,
                group_instance_id=member.instance_id,
                client_id=member.client_id,
                client_host=member.client_host,
                rebalance_timeout=member.rebalance_timeout_ms,
                session_timeout=member.session_timeout_ms,
                subscription=member.metadata(protocol or ""),
                assignment=assignment.get(member.member_id, b""),
            )
            for member in group.members.values()
        ],
    )


def empty_group_metadata(group: ClassicGroup, generation: int, now_ms: int) -> CoordinatorRecord:
    """Make the record of a group that nobody is a member of any more."""
    return group_metadata_of(group, generation=generation, now_ms=now_ms, members=())


def group_metadata_of(
    group: ClassicGroup, *, generation: int, now_ms: int, members: Iterable[MemberMetadata]
) -> CoordinatorRecord:
    """Make the record of a group with the members given."""
    written = list(members)
    return CoordinatorRecord(
        GroupMetadataKey(group=group.group_id),
        GroupMetadataValue(
            protocol_type=group.protocol_type or "",
            generation=generation,
            protocol=group.protocol_name if written else None,
            leader=group.leader_id if written else None,
            current_state_timestamp=now_ms,
            members=written,
        ),
        GROUP_METADATA_VERSION,
    )
