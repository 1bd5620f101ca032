"""JoinGroup of a classic group.

A member comes without an id first. A dynamic one of version 4 or later only gets an id then, and
joins with it; earlier ones, and static members, are in at once. A static member that comes without
an id takes the place it had, and whoever held it is fenced; if nothing changes for the others there
is no rebalance. Who is in already rebalances the group if it leads, or if what it says has changed.
Invariant: a request is answered or parked, never both and never neither.
Neighbours: `classic_rebalance` ends what parks here.
"""

import uuid
from dataclasses import dataclass
from typing import Final

from logcore.common.deferred import Deferred
from logcore.common.errors import (
    CoordinatorNotAvailableError,
    FencedInstanceIdError,
    GroupMaxSizeReachedError,
    InconsistentGroupProtocolError,
    KafkaError,
    MemberIdRequiredError,
    RebalanceInProgressError,
    UnknownMemberIdError,
    UnknownServerError,
)
from logcore.coordinator.group import classic_records
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.classic_member import ClassicMember, Protocols, answer
from logcore.coordinator.group.classic_rebalance import ClassicRebalance, current_members, joined
from logcore.coordinator.group.classic_state import ClassicState
from logcore.coordinator.group.context import Caller, ShardContext
from logcore.coordinator.result import NOTHING, CoordinatorResult
from logcore.protocol.internal.group import GroupMetadataValue, MemberMetadata
from logcore.protocol.messages.join_group import JoinGroupRequest, JoinGroupResponse
from logcore.protocol.messages.sync_group import SyncGroupResponse

MEMBER_ID_REQUIRED_SINCE: Final = 4
"""The version of JoinGroup from which a dynamic member must know its id before it is in."""

SKIP_ASSIGNMENT_SINCE: Final = 9
"""The version of JoinGroup in which a returning static leader may be told not to assign."""


@dataclass(slots=True)
class Join:
    """One JoinGroup on its way.

    Attributes:
        caller: Who sent it.
        request: What it says.
        answer: Where the response goes.
        group: The group it is for.
        protocols: What the member can speak, in copies of its own.
    """

    caller: Caller
    request: JoinGroupRequest
    answer: Deferred[JoinGroupResponse]
    group: ClassicGroup
    protocols: Protocols

    @property
    def rebalance_timeout_ms(self) -> int:
        """How long the member may take to join again; version 0 says it with the session."""
        is_told = self.request.rebalance_timeout_ms >= 0
        return self.request.rebalance_timeout_ms if is_told else self.request.session_timeout_ms

    @property
    def reason(self) -> str:
        """Why the client joins, if it says."""
        return self.request.reason or "not provided"

    def refuse(self, error: type[KafkaError] | KafkaError, member_id: str = "") -> None:
        """Answer with an error."""
        self.answer.complete(JoinGroupResponse(error_code=error.code, member_id=member_id))


class ClassicJoin:
    """Takes members in.

    Args:
        context: The shard's groups, timers and settings.
        rebalance: What joining causes.
    """

    def __init__(self, context: ShardContext, rebalance: ClassicRebalance) -> None:
        self._context = context
        self._rebalance = rebalance
        self._settings = context.settings

    def join(
        self, caller: Caller, request: JoinGroupRequest, parked: Deferred[JoinGroupResponse]
    ) -> CoordinatorResult[None]:
        """Answer or park a JoinGroup; the group is classic, or there is none yet.

        A group is made for a member without an id only: one with an id was in it before.
        """
        group = self._rebalance.group(request.group_id)
        if group is None and request.member_id:
            error = UnknownMemberIdError.code
            parked.complete(JoinGroupResponse(error_code=error, member_id=request.member_id))
            return NOTHING
        if group is None:
            group = ClassicGroup(request.group_id, self._context.clock.now_ms())
        protocols = {each.name: bytes(each.metadata) for each in reversed(request.protocols)}
        join = Join(caller, request, parked, group, list(reversed(protocols.items())))
        if not self._has_room(group, request.member_id):
            group.remove(request.member_id)
            self._rebalance.end_session(group, request.member_id)
            join.refuse(GroupMaxSizeReachedError)
            return self._rebalance.complete_if_all_joined(group)
        if group.state is ClassicState.DEAD:
            join.refuse(CoordinatorNotAvailableError, request.member_id)
        elif not group.supports(request.protocol_type, protocols):
            join.refuse(InconsistentGroupProtocolError, request.member_id)
        else:
            self._context.state.groups[request.group_id] = group
            return self._join_known(join) if request.member_id else self._join_new(join)
        return NOTHING

    def _has_room(self, group: ClassicGroup, member_id: str) -> bool:
        """Whether a group can take a member in without growing over its limit.

        While members join again only those that have are counted, so that lowering the limit keeps
        the first ones and turns the last ones away.
        """
        limit = self._settings.group_max_size
        member = group.members.get(member_id)
        if group.state is ClassicState.PREPARING_REBALANCE:
            is_in = member is not None and member.awaiting_join is not None
            return is_in or group.awaiting_join_count < limit
        if group.state in (ClassicState.STABLE, ClassicState.COMPLETING_REBALANCE):
            return member is not None or len(group.members) < limit
        return True

    # ------------------------------------------------------------ without an id

    def _join_new(self, join: Join) -> CoordinatorResult[None]:
        request, group = join.request, join.group
        instance_id = request.group_instance_id
        if instance_id is not None:
            member_id = f"{instance_id}-{uuid.uuid4()}"
            if instance_id in group.static_ids:
                return self._take_static_place(join, instance_id, member_id)
            return self._add(join, member_id)
        member_id = f"{join.caller.client_id}-{uuid.uuid4()}"
        if join.caller.version < MEMBER_ID_REQUIRED_SINCE:
            return self._add(join, member_id)
        group.pending_join.add(member_id)
        self._rebalance.begin_session(group, member_id, request.session_timeout_ms)
        join.refuse(MemberIdRequiredError, member_id)
        return NOTHING

    def _add(self, join: Join, member_id: str) -> CoordinatorResult[None]:
        request, group = join.request, join.group
        member = ClassicMember(
            member_id=member_id,
            instance_id=request.group_instance_id,
            client_id=join.caller.client_id,
            client_host=join.caller.client_host,
            rebalance_timeout_ms=join.rebalance_timeout_ms,
            session_timeout_ms=request.session_timeout_ms,
            protocols=join.protocols,
        )
        member.is_new = True
        is_preparing = group.state is ClassicState.PREPARING_REBALANCE
        if is_preparing and group.previous_state is ClassicState.EMPTY:
            group.has_new_member = True
        group.add(member, request.protocol_type, join.answer)
        # It cannot send heartbeats while its JoinGroup is parked, nor do we see its connection go:
        # so that the dead do not pile up over a long rebalance, it has to try again now and then.
        self._rebalance.keep_alive(group, member, self._settings.group_new_member_join_timeout_ms)
        return self._rebalance.prepare_or_complete(
            group, f"new member {member_id}; client reason: {join.reason}"
        )

    # ------------------------------------------------------------ with an id

    def _join_known(self, join: Join) -> CoordinatorResult[None]:
        request, group = join.request, join.group
        member_id = request.member_id
        if member_id in group.pending_join:
            if request.group_instance_id is not None:
                raise UnknownServerError("a static member never waits for its id")
            return self._add(join, member_id)
        try:
            group.validate_member(member_id, request.group_instance_id)
        except KafkaError as error:
            join.answer.complete(
                JoinGroupResponse(error_code=error.code, member_id=member_id, protocol_name=None)
            )
            return NOTHING
        member = group.members[member_id]
        what = self._what_changes(join, member)
        if what is not None:
            self._update(join, member)
            return self._rebalance.prepare_or_complete(
                group, f"member {member_id} {what}; client reason: {join.reason}"
            )
        # Perhaps it never got the first response.
        join.answer.complete(joined(group, member))
        return NOTHING

    def _what_changes(self, join: Join, member: ClassicMember) -> str | None:
        """Say why a member that is in already needs a new generation; None if it does not."""
        group = join.group
        if group.state is ClassicState.PREPARING_REBALANCE:
            return "joins"
        if list(member.protocols) != join.protocols:
            return "changed its metadata"
        if group.state is ClassicState.STABLE and group.leader_id == member.member_id:
            return "leads and joins again"
        return None

    def _update(self, join: Join, member: ClassicMember) -> None:
        """Note what a member says now, and park its request instead of one it gave up on."""
        join.group.update(
            member, join.protocols, join.rebalance_timeout_ms, join.request.session_timeout_ms
        )
        given_up = member.awaiting_join
        join.group.park_join(member, join.answer)
        if given_up is not None:
            code = RebalanceInProgressError.code
            answer(given_up, JoinGroupResponse(error_code=code, member_id=member.member_id))

    # ------------------------------------------------------------ static members coming back

    def _take_static_place(
        self, join: Join, instance_id: str, new_id: str
    ) -> CoordinatorResult[None]:
        group = join.group
        if group.state is ClassicState.STABLE and not self._changes_protocol(join, instance_id):
            return self._replace_quietly(join, instance_id, new_id)
        old = group.members[group.static_ids[instance_id]]
        self._rebalance.end_session(group, old.member_id)
        member = group.replace_static(instance_id, new_id)
        fence(old)
        self._update(join, member)
        self._rebalance.keep_alive(group, member)
        reason = f"static member {instance_id} came back; client reason: {join.reason}"
        if group.state is ClassicState.PREPARING_REBALANCE:
            return self._rebalance.complete_if_all_joined(group)
        # After the leader was told of the old id, an assignment for it would reach nobody.
        return self._rebalance.prepare(group, reason)

    def _changes_protocol(self, join: Join, instance_id: str) -> bool:
        """Whether the group would speak another protocol with what the member says now."""
        group = join.group
        member = group.members[group.static_ids[instance_id]]
        before = member.protocols, member.rebalance_timeout_ms, member.session_timeout_ms
        group.update(member, join.protocols, *before[1:])
        selected = group.select_protocol()
        group.update(member, *before)
        return selected != group.protocol_name

    def _replace_quietly(
        self, join: Join, instance_id: str, new_id: str
    ) -> CoordinatorResult[None]:
        """Give the member its place back without a rebalance, once its new id is written."""
        group = join.group
        old = group.members[group.static_ids[instance_id]]
        leader_before = group.leader_id
        assignment = {each.member_id: each.assignment for each in group.members.values()}
        record = classic_records.group_metadata(group, assignment, group.state_timestamp_ms)
        value = record.value
        assert isinstance(value, GroupMetadataValue), "it was made just now"
        for written in value.members:
            if written.member_id == old.member_id:
                rewrite(written, join, new_id)
        if value.leader == old.member_id:
            value.leader = new_id

        def after(error: KafkaError | None) -> None:
            if error is not None:
                response = joined_again(group, "", leader_before)
                response.error_code = error.code
                answer(join.answer, response)
                return
            self._rebalance.end_session(group, old.member_id)
            fence(old)
            member = group.members[new_id]
            group.update(
                member, join.protocols, join.rebalance_timeout_ms, join.request.session_timeout_ms
            )
            self._rebalance.keep_alive(group, member)
            response = joined_again(group, new_id, leader_before)
            if join.caller.version >= SKIP_ASSIGNMENT_SINCE:
                response.leader = group.leader_id or ""
                response.skip_assignment = group.leader_id == new_id
                response.members = current_members(group) if response.skip_assignment else []
            answer(join.answer, response)

        return CoordinatorResult([record], on_append=after)


def rewrite(written: MemberMetadata, join: Join, new_id: str) -> None:
    """Write a static member that comes back into its place in a group's record."""
    written.member_id = new_id
    written.rebalance_timeout = join.rebalance_timeout_ms
    written.session_timeout = join.request.session_timeout_ms
    written.subscription = dict(join.protocols)[join.group.protocol_name or ""]


def joined_again(
    group: ClassicGroup, member_id: str, leader_before: str | None
) -> JoinGroupResponse:
    """Tell a static member that it is in the generation it was in.

    Before version 9 nobody can be told to skip assigning, so the response names the leader as it
    was: a leader that comes back under a new id then takes itself for a follower.
    """
    return JoinGroupResponse(
        generation_id=group.generation,
        protocol_type=group.protocol_type,
        protocol_name=group.protocol_name,
        leader=leader_before or "",
        member_id=member_id,
    )


def fence(member: ClassicMember) -> None:
    """Answer what the former holder of a static place has parked."""
    code = FencedInstanceIdError.code
    parked, member.awaiting_join = member.awaiting_join, None
    if parked is not None:
        answer(
            parked,
            JoinGroupResponse(error_code=code, member_id=member.member_id, protocol_name=None),
        )
    member.answer_sync(SyncGroupResponse(error_code=code))
