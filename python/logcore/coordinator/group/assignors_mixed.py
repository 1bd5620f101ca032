"""The uniform assignor where members subscribed to different topics.

Three steps: keep what is still subscribed to; give what is free to the least loaded subscriber,
beginning with topics that leave the least choice; then move partitions, topic by topic, from the
most to the least loaded subscriber until no topic's subscribers differ by more than one.
Invariant: a move always lessens the difference between two members, so balancing ends; the limit of
rounds only bounds how long overlapping subscriptions may take to even out.
Neighbours: `assignors_uniform` calls it.
Source: Apache Kafka 4.3, the rules of `UniformHeterogeneousAssignmentBuilder`.
"""

import heapq
from typing import Final

from logcore.coordinator.group.assignors import Assignment, GroupSpec

ROUNDS_MAX: Final = 16

_FREE: Final = -1


def assign_mixed(spec: GroupSpec) -> dict[str, Assignment]:
    """Assign where subscriptions differ."""
    board = _Board(spec)
    board.keep()
    board.give_out()
    board.balance()
    return board.targets()


class _Board:
    """Who owns what while it is being decided.

    Members are numbers here: their places in the order of the group.

    Attributes:
        loads: How many partitions each member has.
        owners: Of each topic, the member that owns each partition; `_FREE` for none.
        subscribers: The members that subscribed to each topic.
        topics: All of them, those with the most partitions for each subscriber first.
    """

    def __init__(self, spec: GroupSpec) -> None:
        self._spec = spec
        self._members = list(spec.members.values())
        self.loads = [0] * len(self._members)
        self.subscribers: dict[bytes, list[int]] = {}
        for number, member in enumerate(self._members):
            for topic in member.topics:
                self.subscribers.setdefault(topic, []).append(number)
        counts = spec.partition_counts
        self.owners = {topic: [_FREE] * counts[topic] for topic in self.subscribers}
        self.topics = sorted(
            self.subscribers,
            key=lambda topic: (
                -counts[topic] / len(self.subscribers[topic]),
                len(self.subscribers[topic]),
                topic,
            ),
        )

    def keep(self) -> None:
        """Let members keep what they have of topics they still subscribe to."""
        for number, member in enumerate(self._members):
            for topic, partitions in member.assigned.items():
                if topic not in member.topics:
                    continue
                owners = self.owners[topic]
                for partition in partitions:
                    owners[partition] = number
                self.loads[number] += len(partitions)

    def give_out(self) -> None:
        """Give what is free to whoever has least."""
        loads = self.loads
        for topic in self.topics:
            owners = self.owners[topic]
            if _FREE not in owners:
                continue
            least = [(loads[number], number) for number in self.subscribers[topic]]
            heapq.heapify(least)
            for partition, owner in enumerate(owners):
                if owner != _FREE:
                    continue
                load, number = least[0]
                heapq.heapreplace(least, (load + 1, number))
                owners[partition] = number
                loads[number] = load + 1

    def balance(self) -> None:
        """Move partitions until every topic's subscribers are even, or time is up."""
        shared = [topic for topic in self.topics if len(self.subscribers[topic]) > 1]
        for _ in range(ROUNDS_MAX):
            moves = sum([self._balance_topic(topic) for topic in shared])
            if not moves:
                return

    def _balance_topic(self, topic: bytes) -> int:
        """Move partitions of one topic; return how many."""
        loads, subscribers = self.loads, self.subscribers[topic]
        spread = [loads[number] for number in subscribers]
        if max(spread) - min(spread) <= 1:
            return 0
        owners = self.owners[topic]
        held: dict[int, list[int]] = {}
        for partition, number in enumerate(owners):
            held.setdefault(number, []).append(partition)
        least = [(loads[number], number) for number in subscribers]
        most = [(-loads[number], -number) for number in held]
        heapq.heapify(least)
        heapq.heapify(most)
        moves = 0
        while most:
            # Entries of members whose load has changed meanwhile are passed over: a new one of
            # theirs is in the heap.
            load, number = least[0]
            if load != loads[number]:
                heapq.heappop(least)
                continue
            minus_load, minus_number = most[0]
            giver = -minus_number
            if -minus_load != loads[giver] or not held[giver]:
                heapq.heappop(most)
                continue
            if -minus_load - load <= 1:
                break
            partition = held[giver].pop()
            owners[partition] = number
            held.setdefault(number, []).append(partition)
            for member, step in ((giver, -1), (number, 1)):
                loads[member] += step
                heapq.heappush(least, (loads[member], member))
                heapq.heappush(most, (-loads[member], -member))
            moves += 1
        return moves

    def targets(self) -> dict[str, Assignment]:
        """Return the target of every member."""
        gathered: list[dict[bytes, list[int]]] = [{} for _ in self._members]
        for topic, owners in self.owners.items():
            for partition, number in enumerate(owners):
                gathered[number].setdefault(topic, []).append(partition)
        targets: dict[str, Assignment] = {}
        for (member_id, member), assigned in zip(self._spec.members.items(), gathered, strict=True):
            made = {topic: frozenset(partitions) for topic, partitions in assigned.items()}
            targets[member_id] = member.assigned if member.assigned == made else made
        return targets
