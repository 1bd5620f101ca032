"""SyncGroup and Heartbeat of a classic group.

The leader's SyncGroup brings everybody's assignment; it is written down before anybody gets it, and
that record is what makes the group stable. Everybody else's waits for it.
Invariant: no member gets an assignment that a restart could forget.
Neighbours: `classic_rebalance` hands out; `records` writes.
"""

import logging

from logcore.common.deferred import Deferred
from logcore.common.errors import (
    CoordinatorNotAvailableError,
    IllegalGenerationError,
    InconsistentGroupProtocolError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from logcore.coordinator.group import classic_records
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.classic_rebalance import ClassicRebalance, synced
from logcore.coordinator.group.classic_state import ClassicState
from logcore.coordinator.group.context import ShardContext
from logcore.coordinator.result import NOTHING, CoordinatorResult
from logcore.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from logcore.protocol.messages.sync_group import SyncGroupRequest, SyncGroupResponse

logger = logging.getLogger(__name__)


class ClassicSync:
    """Hands assignments from the leader to the members, and hears their heartbeats.

    Args:
        context: The shard's groups, timers and settings.
        rebalance: What a failure causes.
    """

    def __init__(self, context: ShardContext, rebalance: ClassicRebalance) -> None:
        self._context = context
        self._rebalance = rebalance

    def sync(
        self, group: ClassicGroup, request: SyncGroupRequest, answer: Deferred[SyncGroupResponse]
    ) -> CoordinatorResult[None]:
        """Answer or park a SyncGroup.

        Raises:
            KafkaError: What to answer.
        """
        if group.state is ClassicState.DEAD:
            raise CoordinatorNotAvailableError
        if group.state is ClassicState.EMPTY:
            raise UnknownMemberIdError
        group.validate_member(request.member_id, request.group_instance_id)
        if request.generation_id != group.generation:
            raise IllegalGenerationError
        if differs(request.protocol_type, group.protocol_type) or differs(
            request.protocol_name, group.protocol_name
        ):
            raise InconsistentGroupProtocolError
        if group.state is ClassicState.PREPARING_REBALANCE:
            raise RebalanceInProgressError
        member = group.members[request.member_id]
        self._rebalance.note_sync(group, request.member_id)
        if group.state is ClassicState.STABLE:
            answer.complete(synced(group, member))
            return NOTHING
        # One that it asked before and gave up on must not stay unanswered.
        member.answer_sync(SyncGroupResponse(error_code=RebalanceInProgressError.code))
        member.awaiting_sync = answer
        if group.leader_id == request.member_id:
            return self._assign(group, request)
        return NOTHING

    def _assign(self, group: ClassicGroup, request: SyncGroupRequest) -> CoordinatorResult[None]:
        """Write the leader's assignment, then hand it out."""
        assignment = {each.member_id: bytes(each.assignment) for each in request.assignments}
        missing = [member_id for member_id in group.members if member_id not in assignment]
        if missing:
            logger.warning("the leader of group %s assigned nothing to %s", group.group_id, missing)
        record = classic_records.group_metadata(group, assignment, self._context.clock.now_ms())

        def after(error: KafkaError | None) -> None:
            if error is None:
                self._rebalance.hand_out_assignments(group)
            else:
                self._rebalance.reset_assignments(group, error.code)
                self._rebalance.prepare(group, f"the assignment could not be written: {error!r}")

        return CoordinatorResult([record], on_append=after)

    def heartbeat(
        self, group: ClassicGroup, request: HeartbeatRequest
    ) -> CoordinatorResult[HeartbeatResponse]:
        """Hear that a member is alive; tell it if it has to join again.

        Raises:
            KafkaError: What to answer.
        """
        if group.state is ClassicState.DEAD:
            raise CoordinatorNotAvailableError
        group.validate_member(request.member_id, request.group_instance_id)
        if request.generation_id != group.generation:
            raise IllegalGenerationError
        self._rebalance.keep_alive(group, group.members[request.member_id])
        is_preparing = group.state is ClassicState.PREPARING_REBALANCE
        code = RebalanceInProgressError.code if is_preparing else 0
        return CoordinatorResult((), HeartbeatResponse(error_code=code))


def differs(told: str | None, known: str | None) -> bool:
    """Whether a client speaks of another protocol than the group's; not telling is fine."""
    return told is not None and known is not None and told != known
