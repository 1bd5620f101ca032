"""What ListGroups and DescribeGroups tell of a shard.

Invariant: only looks. DescribeGroups is for classic groups; a group of another kind is not found
there, as its members could not be told in that response.
Neighbours: `service` gathers the shards.
"""

from collections.abc import Collection
from typing import Final

from logcore.common.errors import GroupIdNotFoundError
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.classic_member import ClassicMember
from logcore.coordinator.group.classic_state import ClassicState
from logcore.coordinator.group.state import Group, GroupState
from logcore.protocol.messages.describe_groups import DescribedGroup, DescribedGroupMember
from logcore.protocol.messages.list_groups import ListedGroup

NOT_FOUND_SINCE: Final = 6
"""The version of DescribeGroups in which a group that is not there is an error."""


def listed(group: Group) -> ListedGroup:
    """Tell of one group in a list."""
    return ListedGroup(
        group_id=group.group_id,
        protocol_type=group.protocol_type or "",
        group_state=group.state_name,
        group_type=str(group.type),
    )


def list_groups(
    state: GroupState, states: Collection[str], types: Collection[str]
) -> list[ListedGroup]:
    """List the groups of a shard.

    Args:
        state: The shard's groups.
        states: In which states, in lower case; all if it is empty.
        types: Of which kinds, in lower case; all if it is empty.
    """
    return [
        listed(group)
        for group in state.groups.values()
        if (not states or group.state_name.lower() in states)
        and (not types or str(group.type) in types)
    ]


def describe(state: GroupState, group_id: str, version: int) -> DescribedGroup:
    """Describe a classic group; one that is not there is described as dead."""
    group = state.groups.get(group_id)
    if not isinstance(group, ClassicGroup):
        found = DescribedGroup(group_id=group_id, group_state=str(ClassicState.DEAD))
        if version >= NOT_FOUND_SINCE:
            what = "not found" if group is None else "not a classic group"
            is_ = "" if group is None else "is "
            found.error_code = GroupIdNotFoundError.code
            found.error_message = f"Group {group_id} {is_}{what}."
        return found
    name = group.protocol_name if group.state is ClassicState.STABLE else None
    return DescribedGroup(
        group_id=group_id,
        group_state=group.state_name,
        protocol_type=group.protocol_type or "",
        protocol_data=name or "",
        members=[described(member, name) for member in group.members.values()],
    )


def described(member: ClassicMember, protocol_name: str | None) -> DescribedGroupMember:
    """Describe a member; what it said is told only of a stable group."""
    return DescribedGroupMember(
        member_id=member.member_id,
        group_instance_id=member.instance_id,
        client_id=member.client_id,
        client_host=member.client_host,
        member_metadata=b"" if protocol_name is None else member.metadata(protocol_name),
        member_assignment=member.assignment,
    )
