"""Computes the next target of a group: what each member is to have once all have followed.

Invariant: pure; only members whose part changes are named, so only for those a record is written.
Neighbours: `assignors` decide; `consumer_step` writes down what comes out.
Source: Apache Kafka 4.3, the rules of `TargetAssignmentBuilder`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from logcore.coordinator.group.assignors import (
    NO_PARTITIONS,
    Assignment,
    Assignor,
    GroupSpec,
    MemberSpec,
)
from logcore.coordinator.group.consumer_member import ConsumerMember
from logcore.coordinator.group.context import TopicsView
from logcore.coordinator.group.subscription import ResolvedRegex


class NewTargets(NamedTuple):
    """A target that was computed.

    Attributes:
        assignments: The part of every member.
        changed: The members whose part is another than before.
    """

    assignments: dict[str, Assignment]
    changed: list[str]


def subscription(member: ConsumerMember, resolved: Mapping[str, ResolvedRegex]) -> frozenset[str]:
    """Return the topics that a member names or that its expression stands for.

    An expression that is not resolved yet stands for none.
    """
    found = resolved.get(member.regex) if member.regex else None
    if found is None:
        return member.topics
    return found.topics | member.topics if member.topics else found.topics


def topic_ids(names: Iterable[str], topics: TopicsView) -> frozenset[bytes]:
    """Return the ids of those topics that exist."""
    by_name = topics.topics_by_name
    return frozenset(by_name[name].topic_id for name in names if name in by_name)


def compute_targets(
    members: Mapping[str, ConsumerMember],
    before: Mapping[str, Assignment],
    resolved: Mapping[str, ResolvedRegex],
    topics: TopicsView,
    assignor: Assignor,
) -> NewTargets:
    """Compute the next target.

    Args:
        members: Those of the group, as they are to be.
        before: The target until now, by member id.
        resolved: What expressions stand for.
        topics: The topics as they are now.
        assignor: The one that the group uses.
    """
    # Members with equal subscriptions share one set, which assignors tell by identity.
    known: dict[frozenset[str], frozenset[bytes]] = {}
    specs: dict[str, MemberSpec] = {}
    for member_id, member in members.items():
        names = subscription(member, resolved)
        ids = known.get(names)
        if ids is None:
            ids = known[names] = topic_ids(names, topics)
        assigned = before.get(member_id, NO_PARTITIONS)
        specs[member_id] = MemberSpec(ids, assigned, member.instance_id)
    counts = {
        topic_id: len(topics.topics_by_id[topic_id].partitions)
        for topic_id in frozenset().union(*known.values())
    }
    assignments = assignor.assign(GroupSpec(specs, counts))
    changed = [
        member_id
        for member_id, assigned in assignments.items()
        if member_id not in before
        or (before[member_id] is not assigned and before[member_id] != assigned)
    ]
    return NewTargets(assignments, changed)


def metadata_hash(names: Iterable[str], topics: TopicsView) -> int:
    """Return a number that changes when one of these topics is made, deleted or grows.

    It is 0 if none of them exists. Kafka hashes the same facts in another way, so a group that was
    Kafka's assigns anew once, and goes on.
    """
    digest = hashlib.blake2b(digest_size=8)
    has_topic = False
    for name in sorted(names):
        topic = topics.topics_by_name.get(name)
        if topic is not None:
            has_topic = True
            digest.update(topic.topic_id)
            digest.update(len(topic.partitions).to_bytes(4, "big"))
    return int.from_bytes(digest.digest(), "big", signed=True) if has_topic else 0
