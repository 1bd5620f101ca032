"""Carries groups over between the classic and the new protocol while their members go on consuming.

A classic group is upgraded when the first member of the new protocol joins it: its members become
members of the new group, with what they own, and speak the classic protocol until they are
restarted. The group is downgraded when the last member of the new protocol goes.
Invariant: one batch of records removes the group of one kind and makes the other, so a log never
holds both, and offsets stay where they are.
Neighbours: `consumer_heartbeat` upgrades; `consumer_sessions` and `consumer_classic` downgrade.
"""

import logging
from collections.abc import Callable, Collection
from typing import NamedTuple

from logcore.common.errors import (
    GroupIdNotFoundError,
    InconsistentGroupProtocolError,
    RebalanceInProgressError,
)
from logcore.coordinator.group import classic_records, consumer_records
from logcore.coordinator.group.assignors import Assignment
from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.classic_member import ClassicMember
from logcore.coordinator.group.classic_rebalance import ClassicRebalance
from logcore.coordinator.group.consumer_embedded import (
    read_assignment,
    read_subscription,
    write_assignment,
)
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.consumer_member import ClassicMetadata, ConsumerMember
from logcore.coordinator.group.consumer_replay import apply_all
from logcore.coordinator.group.context import ShardContext
from logcore.coordinator.group.subscription import CONSUMER_PROTOCOL
from logcore.coordinator.result import CoordinatorRecord
from logcore.protocol.messages.join_group import JoinGroupResponse
from logcore.protocol.messages.sync_group import SyncGroupResponse

logger = logging.getLogger(__name__)

_UPGRADING = {"bidirectional", "upgrade"}
_DOWNGRADING = {"bidirectional", "downgrade"}


class Upgraded(NamedTuple):
    """A group that was carried over to the new protocol.

    Attributes:
        group: As it is once the records are applied.
        records: What removes the one and makes the other.
        finish: To be called once they are: tells waiting members to join again.
    """

    group: ConsumerGroup
    records: list[CoordinatorRecord]
    finish: Callable[[], None]


class Downgraded(NamedTuple):
    """A group that was carried over to the classic protocol.

    Attributes:
        records: What removes the one and makes the other.
        finish: To be called once they are: begins the members' sessions, and a rebalance.
    """

    records: list[CoordinatorRecord]
    finish: Callable[[], None]


class Conversions:
    """Converts the groups of a shard.

    Args:
        context: The shard's groups and settings.
        rebalance: Rebalances the groups that have become classic.
    """

    def __init__(self, context: ShardContext, rebalance: ClassicRebalance) -> None:
        self._context = context
        self._settings = context.settings
        self._rebalance = rebalance

    # ------------------------------------------------------------ classic to new

    def may_upgrade(self, group: ClassicGroup) -> bool:
        """Whether a classic group can take in a member of the new protocol."""
        if self._settings.group_consumer_migration_policy not in _UPGRADING:
            return False
        is_full = len(group.members) > self._settings.group_consumer_max_size
        return group.uses_consumer_protocol and not is_full

    def upgrade(self, group: ClassicGroup) -> Upgraded:
        """Make a group of the new protocol of a classic one with members.

        Raises:
            GroupIdNotFoundError: If what its members say cannot be read.
            UnsupportedVersionError: If their assignments hold more than partitions.
        """
        made = ConsumerGroup(group.group_id)
        try:
            records = self._records_of(group)
        except InconsistentGroupProtocolError as error:
            logger.warning("cannot upgrade group %s: %s", group.group_id, error)
            raise GroupIdNotFoundError(
                f"Cannot upgrade the classic group {group.group_id} to consumer group because "
                "the embedded consumer protocol is malformed."
            ) from error
        apply_all(made, records)
        tombstone = consumer_and_classic_tombstones(group)
        logger.info("group %s goes over to the consumer protocol", group.group_id)
        return Upgraded(made, [*tombstone, *records], lambda: send_back(group))

    def _records_of(self, group: ClassicGroup) -> list[CoordinatorRecord]:
        """Make the records of the new group; each partition goes to the first that owns it."""
        topics = self._context.topics()
        taken: set[tuple[bytes, int]] = set()
        members: list[ConsumerMember] = []
        for member in group.members.values():
            subscription = read_subscription(member.protocols[0][1], topics)
            partitions = read_assignment(member.assignment, topics)
            assigned: dict[bytes, dict[int, int]] = {}
            for topic_id, numbers in partitions.items():
                for number in numbers:
                    if (topic_id, number) not in taken:
                        taken.add((topic_id, number))
                        assigned.setdefault(topic_id, {})[number] = group.generation
            members.append(
                ConsumerMember(
                    member_id=member.member_id,
                    instance_id=member.instance_id,
                    rack_id=subscription.rack_id,
                    client_id=member.client_id,
                    client_host=member.client_host,
                    rebalance_timeout_ms=member.rebalance_timeout_ms,
                    topics=subscription.topics,
                    classic=ClassicMetadata(member.session_timeout_ms, tuple(member.protocols)),
                    epoch=group.generation,
                    previous_epoch=group.generation,
                    assigned=assigned,
                )
            )
        return group_records(group.group_id, group.generation, members)

    # ------------------------------------------------------------ new to classic

    def may_downgrade(self, group: ConsumerGroup, going: Collection[ConsumerMember]) -> bool:
        """Whether a group is left to the classic protocol when some members go."""
        left = len(group.members) - len(going)
        return left > 0 and self._are_others_classic(group, going, left)

    def may_replace(self, group: ConsumerGroup, replaced: ConsumerMember) -> bool:
        """Whether a group is left to the classic protocol when a member of it takes one's place."""
        return self._are_others_classic(group, [replaced], len(group.members))

    def _are_others_classic(
        self, group: ConsumerGroup, going: Collection[ConsumerMember], size: int
    ) -> bool:
        others = len(group.members) - len(going)
        return (
            group.classic_count == others
            and all(member.classic is None for member in going)
            and self._settings.group_consumer_migration_policy in _DOWNGRADING
            and size <= self._settings.group_max_size
        )

    def downgrade(
        self,
        group: ConsumerGroup,
        going: Collection[str],
        *,
        joining: ConsumerMember | None = None,
        rebalances: bool = True,
    ) -> Downgraded:
        """Make a classic group of one whose members of the new protocol are gone.

        Args:
            group: The group.
            going: The members that go.
            joining: The member of the classic protocol that takes the place of one that goes.
            rebalances: Whether the members have to join again, and not only the joining one.
        """
        now_ms = self._context.clock.now_ms()
        topics = self._context.topics()
        made = ClassicGroup(group.group_id, now_ms)
        targets: dict[str, Assignment] = {}
        for member in group.members.values():
            if member.member_id not in going:
                made.add(classic_member(member), CONSUMER_PROTOCOL)
                targets[member.member_id] = group.target_of(member)
        if joining is not None:
            if joining.member_id in made.members:
                made.remove(joining.member_id)
            made.add(classic_member(joining), CONSUMER_PROTOCOL)
            targets[joining.member_id] = group.target_of(joining)
        made.generation = group.epoch
        made.protocol_name = made.select_protocol()
        assignments = {
            member_id: write_assignment(targets[member_id], member.protocols[0][1], topics)
            for member_id, member in made.members.items()
        }
        records = [
            *group.tombstones(),
            classic_records.group_metadata(made, assignments, now_ms),
        ]
        logger.info("group %s goes over to the classic protocol", group.group_id)
        return Downgraded(records, lambda: self._begin(made, rebalances=rebalances))

    def _begin(self, made: ClassicGroup, *, rebalances: bool) -> None:
        """Give the group that the records made what they do not hold."""
        group = self._rebalance.group(made.group_id)
        if group is None:
            return
        for member_id, member in made.members.items():
            replayed = group.members[member_id]
            timeouts_ms = (member.rebalance_timeout_ms, member.session_timeout_ms)
            group.update(replayed, member.protocols, *timeouts_ms)
            self._rebalance.keep_alive(group, replayed)
        if rebalances:
            result = self._rebalance.prepare(group, "it went over to the classic protocol")
            assert not result.records, "nobody of a group that was just made has joined"


def consumer_and_classic_tombstones(group: ClassicGroup) -> list[CoordinatorRecord]:
    """Return the records that remove a classic group, if any stands in the log."""
    return [] if group.is_simple else group.tombstones()


def group_records(
    group_id: str, epoch: int, members: Collection[ConsumerMember]
) -> list[CoordinatorRecord]:
    """Make the records of a group whose members own what they are to own."""
    written = [consumer_records.member_metadata(group_id, member) for member in members]
    written.append(consumer_records.group_epoch(group_id, epoch, 0))
    for member in members:
        target = {topic_id: frozenset(numbers) for topic_id, numbers in member.assigned.items()}
        written.append(consumer_records.target_assignment(group_id, member.member_id, target))
    written.append(consumer_records.target_epoch(group_id, epoch, 0))
    written.extend(consumer_records.current_assignment(group_id, member) for member in members)
    return written


def classic_member(member: ConsumerMember) -> ClassicMember:
    """Make the classic group's member of one that speaks the classic protocol."""
    assert member.classic is not None, "only who speaks the classic protocol stays"
    return ClassicMember(
        member_id=member.member_id,
        instance_id=member.instance_id,
        client_id=member.client_id,
        client_host=member.client_host,
        rebalance_timeout_ms=member.rebalance_timeout_ms,
        session_timeout_ms=member.classic.session_timeout_ms,
        protocols=list(member.classic.protocols),
    )


def send_back(group: ClassicGroup) -> None:
    """Tell members that wait for the end of a rebalance that another one begins."""
    code = RebalanceInProgressError.code
    for member in list(group.members.values()):
        response = JoinGroupResponse(error_code=code, member_id=member.member_id)
        group.answer_join(member, response)
        parked, member.awaiting_sync = member.awaiting_sync, None
        if parked is not None:
            parked.complete(SyncGroupResponse(error_code=code))
