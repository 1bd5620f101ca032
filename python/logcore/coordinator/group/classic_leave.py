"""LeaveGroup of a classic group: one member, or several at an administrator's request.

Invariant: each member named gets its own result; the group rebalances once for all that left.
Neighbours: `classic_rebalance` goes on without them.
"""

from logcore.common.errors import CoordinatorNotAvailableError, KafkaError, UnknownMemberIdError
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.classic_rebalance import ClassicRebalance
from logcore.coordinator.group.classic_state import ClassicState
from logcore.coordinator.result import CoordinatorResult
from logcore.protocol.messages.leave_group import (
    LeaveGroupRequest,
    LeaveGroupResponse,
    MemberIdentity,
    MemberResponse,
)


class ClassicLeave:
    """Lets members go.

    Args:
        rebalance: What their leaving causes.
    """

    def __init__(self, rebalance: ClassicRebalance) -> None:
        self._rebalance = rebalance

    def leave(
        self, group: ClassicGroup, request: LeaveGroupRequest
    ) -> CoordinatorResult[LeaveGroupResponse]:
        """Remove the members named.

        Raises:
            KafkaError: What to answer for all of them.
        """
        if group.state is ClassicState.DEAD:
            raise CoordinatorNotAvailableError
        results = [self._leave_one(group, identity) for identity in request.members]
        left = [each for each in results if each.error_code == 0]
        response = LeaveGroupResponse(members=results)
        if not left:
            return CoordinatorResult((), response)
        names = [each.group_instance_id or each.member_id for each in left]
        return self._go_on(group, f"{names} left").with_response(response)

    def _leave_one(self, group: ClassicGroup, identity: MemberIdentity) -> MemberResponse:
        result = MemberResponse(
            member_id=identity.member_id, group_instance_id=identity.group_instance_id
        )
        try:
            self._remove(group, identity)
        except KafkaError as error:
            result.error_code = error.code
        return result

    def _remove(self, group: ClassicGroup, identity: MemberIdentity) -> None:
        member_id, instance_id = identity.member_id, identity.group_instance_id
        if member_id in group.pending_join:
            group.remove(member_id)
            self._rebalance.end_session(group, member_id)
            return
        if not member_id:
            # An administrator names a static member by its instance alone.
            member_id = group.static_ids.get(instance_id or "", "")
            if not member_id:
                raise UnknownMemberIdError
        else:
            group.validate_member(member_id, instance_id)
        self._rebalance.remove_member(group, group.members[member_id])

    def _go_on(self, group: ClassicGroup, reason: str) -> CoordinatorResult[None]:
        if group.state in (ClassicState.STABLE, ClassicState.COMPLETING_REBALANCE):
            return self._rebalance.prepare(group, reason)
        return self._rebalance.complete_if_all_joined(group)
