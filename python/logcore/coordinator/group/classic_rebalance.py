"""The rebalance of a classic group: who must join when, and what happens to who does not.

A rebalance collects JoinGroup requests until every member has sent one or the slowest member's
timeout is over; the first one of a group waits longer, so that members starting together are
together from the start. Then the generation begins, the leader assigns, and members that never ask
for their assignment are removed.
Invariant: every parked request is answered exactly once, by the generation it waited for or by what
ended its member.
Neighbours: `classic_join`, `classic_sync` and `classic_leave` cause rebalances; `classic_group` is
what they change.
"""

import logging
from functools import partial

from logcore.common.errors import KafkaError, RebalanceInProgressError, UnknownMemberIdError
from logcore.coordinator.group import classic_records
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.classic_member import ClassicMember
from logcore.coordinator.group.classic_state import ClassicState
from logcore.coordinator.group.context import ShardContext
from logcore.coordinator.result import NOTHING, CoordinatorResult
from logcore.protocol.messages.join_group import JoinGroupResponse, JoinGroupResponseMember
from logcore.protocol.messages.sync_group import SyncGroupResponse

logger = logging.getLogger(__name__)

_JOIN = "join"
_SYNC = "sync"
_SESSION = "session/"


class ClassicRebalance:
    """Rebalances the classic groups of a shard.

    Args:
        context: The shard's groups, timers and settings.
    """

    def __init__(self, context: ShardContext) -> None:
        self._context = context
        self._timers = context.timers
        self._settings = context.settings

    def group(self, group_id: str) -> ClassicGroup | None:
        """Find a classic group; None if there is none of this id, or one of another kind."""
        group = self._context.state.groups.get(group_id)
        return group if isinstance(group, ClassicGroup) else None

    # ------------------------------------------------------------ preparing

    def prepare_or_complete(self, group: ClassicGroup, reason: str) -> CoordinatorResult[None]:
        """Begin a rebalance, or finish the one under way if nobody is missing."""
        if group.state in (
            ClassicState.EMPTY,
            ClassicState.STABLE,
            ClassicState.COMPLETING_REBALANCE,
        ):
            return self.prepare(group, reason)
        return self.complete_if_all_joined(group)

    def prepare(self, group: ClassicGroup, reason: str) -> CoordinatorResult[None]:
        """Begin a rebalance: everybody has to join again."""
        if group.state is ClassicState.COMPLETING_REBALANCE:
            self.reset_assignments(group, RebalanceInProgressError.code)
        group.pending_sync.clear()
        self._timers.cancel(group.group_id, _SYNC)
        is_initial = group.is_empty
        if is_initial:
            delay_ms = self._settings.group_initial_rebalance_delay_ms
            left_ms = max(group.rebalance_timeout_ms - delay_ms, 0)
            self._schedule_initial(group.group_id, delay_ms, left_ms)
        group.move_to(ClassicState.PREPARING_REBALANCE, self._context.clock.now_ms())
        logger.info(
            "rebalancing group %s after generation %d: %s", group.group_id, group.generation, reason
        )
        if is_initial:
            return NOTHING
        if group.has_all_joined:
            return self.complete_join(group)
        self._schedule_join_end(group)
        return NOTHING

    def complete_if_all_joined(self, group: ClassicGroup) -> CoordinatorResult[None]:
        """Finish the joining early if nobody is missing; the first rebalance waits regardless."""
        is_preparing = group.state is ClassicState.PREPARING_REBALANCE
        is_initial = group.previous_state is ClassicState.EMPTY
        if is_preparing and not is_initial and group.has_all_joined:
            return self.complete_join(group)
        return NOTHING

    def _schedule_initial(self, group_id: str, delay_ms: int, left_ms: int) -> None:
        self._timers.schedule(
            group_id, _JOIN, delay_ms, partial(self._end_initial, group_id, delay_ms, left_ms)
        )

    def _end_initial(self, group_id: str, delay_ms: int, left_ms: int) -> CoordinatorResult[None]:
        """End the first delay, or wait on if somebody came meanwhile and there is time left."""
        group = self.group(group_id)
        if group is None:
            return NOTHING
        if not group.has_new_member or left_ms == 0:
            return self.complete_join(group)
        group.has_new_member = False
        next_ms = min(self._settings.group_initial_rebalance_delay_ms, left_ms)
        self._schedule_initial(group_id, next_ms, max(left_ms - delay_ms, 0))
        return NOTHING

    def _schedule_join_end(self, group: ClassicGroup) -> None:
        group_id = group.group_id
        self._timers.schedule(
            group_id, _JOIN, group.rebalance_timeout_ms, partial(self._end_join, group_id)
        )

    def _end_join(self, group_id: str) -> CoordinatorResult[None]:
        group = self.group(group_id)
        return NOTHING if group is None else self.complete_join(group)

    # ------------------------------------------------------------ completing

    def complete_join(self, group: ClassicGroup) -> CoordinatorResult[None]:
        """Begin the next generation with who has joined; dynamic members that have not are out."""
        self._timers.cancel(group.group_id, _JOIN)
        late = [
            member.member_id
            for member in group.members.values()
            if member.awaiting_join is None and member.instance_id is None
        ]
        for member_id in late:
            group.remove(member_id)
            self.end_session(group, member_id)
        if late:
            logger.info("group %s goes on without %s, who did not join", group.group_id, late)
        if group.state is ClassicState.DEAD:
            return NOTHING
        if not group.members:
            return self._become_empty(group)
        if not group.elect_joined_leader():
            # Static members only, all of them away: their sessions decide.
            self._schedule_join_end(group)
            return NOTHING
        group.begin_generation(self._context.clock.now_ms())
        logger.info(
            "group %s begins generation %d with %d members",
            group.group_id, group.generation, len(group.members),
        )  # fmt: skip
        for member in group.members.values():
            group.pending_sync.add(member.member_id)
            member.is_new = False
            self.keep_alive(group, member)
        self._timers.schedule(
            group.group_id,
            _SYNC,
            group.rebalance_timeout_ms,
            partial(self._end_sync, group.group_id, group.generation),
        )
        for member in list(group.members.values()):
            group.answer_join(member, joined(group, member))
        return NOTHING

    def _become_empty(self, group: ClassicGroup) -> CoordinatorResult[None]:
        """Write down that nobody is left."""
        now_ms = self._context.clock.now_ms()
        record = classic_records.empty_group_metadata(group, group.generation + 1, now_ms)

        def after(error: KafkaError | None) -> None:
            if error is not None:
                # Nobody is in this generation, so nobody misses it should we fall back to an older.
                logger.warning("group %s is empty, unwritten: %r", group.group_id, error)
                group.apply(record.value)

        return CoordinatorResult([record], on_append=after)

    def _end_sync(self, group_id: str, generation: int) -> CoordinatorResult[None]:
        """Remove who joined a generation and never asked for its assignment."""
        group = self.group(group_id)
        if group is None or group.generation != generation or not group.pending_sync:
            return NOTHING
        if group.state not in (ClassicState.COMPLETING_REBALANCE, ClassicState.STABLE):
            return NOTHING
        late = sorted(group.pending_sync)
        for member_id in late:
            group.remove(member_id)
            self.end_session(group, member_id)
        return self.prepare(group, f"{late} did not ask for their assignment")

    def note_sync(self, group: ClassicGroup, member_id: str) -> None:
        """Note that a member asked for its assignment."""
        group.pending_sync.discard(member_id)
        if not group.pending_sync:
            self._timers.cancel(group.group_id, _SYNC)

    # ------------------------------------------------------------ assignments

    def reset_assignments(self, group: ClassicGroup, error_code: int) -> None:
        """Take the assignments back and tell who waits for one."""
        for member in list(group.members.values()):
            member.assignment = b""
            self._answer_sync(group, member, SyncGroupResponse(error_code=error_code))

    def hand_out_assignments(self, group: ClassicGroup) -> None:
        """Answer who waits for an assignment."""
        for member in list(group.members.values()):
            self._answer_sync(group, member, synced(group, member))

    def _answer_sync(
        self, group: ClassicGroup, member: ClassicMember, response: SyncGroupResponse
    ) -> None:
        if member.awaiting_sync is not None:
            self.keep_alive(group, member)
            member.answer_sync(response)

    # ------------------------------------------------------------ sessions

    def keep_alive(
        self, group: ClassicGroup, member: ClassicMember, timeout_ms: int | None = None
    ) -> None:
        """Note that a member was heard of; by default it may be silent for its session timeout."""
        delay_ms = member.session_timeout_ms if timeout_ms is None else timeout_ms
        self.begin_session(group, member.member_id, delay_ms)

    def begin_session(self, group: ClassicGroup, member_id: str, timeout_ms: int) -> None:
        """Remove a member, or one that only has an id so far, if it is silent for so long."""
        group_id = group.group_id
        self._timers.schedule(
            group_id, _SESSION + member_id, timeout_ms, partial(self._expire, group_id, member_id)
        )

    def end_session(self, group: ClassicGroup, member_id: str) -> None:
        """Forget the session of who is gone."""
        self._timers.cancel(group.group_id, _SESSION + member_id)

    def end_timers(self, group: ClassicGroup) -> None:
        """Forget every timer of a group that is removed or becomes one of another kind."""
        self._timers.cancel(group.group_id, _JOIN)
        self._timers.cancel(group.group_id, _SYNC)
        for member_id in [*group.members, *group.pending_join]:
            self.end_session(group, member_id)

    def _expire(self, group_id: str, member_id: str) -> CoordinatorResult[None]:
        """Remove a member that was silent too long."""
        group = self.group(group_id)
        if group is None or group.state is ClassicState.DEAD:
            return NOTHING
        if member_id in group.pending_join:
            group.remove(member_id)
            is_waiting = group.state is ClassicState.PREPARING_REBALANCE and group.has_all_joined
            return self.complete_join(group) if is_waiting else NOTHING
        member = group.members.get(member_id)
        if member is None or member.has_satisfied_heartbeat:
            return NOTHING
        logger.info("member %s of group %s is silent: removed", member_id, group_id)
        self.remove_member(group, member)
        if group.state is ClassicState.PREPARING_REBALANCE:
            return self.complete_join(group) if group.has_all_joined else NOTHING
        return self.prepare_or_complete(group, f"the session of {member_id} expired")

    def remove_member(self, group: ClassicGroup, member: ClassicMember) -> None:
        """Take a member out; if it has a request parked here, its client may begin anew."""
        self.end_session(group, member.member_id)
        group.answer_join(member, JoinGroupResponse(error_code=UnknownMemberIdError.code))
        member.answer_sync(SyncGroupResponse(error_code=UnknownMemberIdError.code))
        group.remove(member.member_id)


def joined(group: ClassicGroup, member: ClassicMember) -> JoinGroupResponse:
    """Tell a member which generation it is in; the leader also learns of the others."""
    is_leader = group.leader_id == member.member_id
    return JoinGroupResponse(
        generation_id=group.generation,
        protocol_type=group.protocol_type,
        protocol_name=group.protocol_name,
        leader=group.leader_id or "",
        member_id=member.member_id,
        members=current_members(group) if is_leader else [],
    )


def current_members(group: ClassicGroup) -> list[JoinGroupResponseMember]:
    """List the members of this generation, with what each said."""
    name = group.protocol_name or ""
    return [
        JoinGroupResponseMember(
            member_id=member.member_id,
            group_instance_id=member.instance_id,
            metadata=member.metadata(name),
        )
        for member in group.members.values()
    ]


def synced(group: ClassicGroup, member: ClassicMember) -> SyncGroupResponse:
    """Tell a member its assignment."""
    return SyncGroupResponse(
        protocol_type=group.protocol_type,
        protocol_name=group.protocol_name,
        assignment=member.assignment,
    )
