"""Offsets that were committed in transactions which are still open, of one shard.

They count from the transaction's end on, if it commits; until then whoever asks for stable offsets
is told to come again.
Invariant: an offset is listed under its producer exactly as long as its partition lists the
producer; nothing empty stays behind.
Neighbours: `offsets` puts them here in replay, and takes them when a marker is replayed.
"""

from collections.abc import Iterator

from logcore.coordinator.group.offset_store import CommittedOffset

_Place = tuple[str, str, int]
"""Group, topic and partition."""


class PendingOffsets:
    """The offsets of open transactions."""

    def __init__(self) -> None:
        self._by_producer: dict[int, dict[_Place, CommittedOffset]] = {}
        self._by_group: dict[str, dict[tuple[str, int], set[int]]] = {}

    def put(
        self, producer_id: int, group_id: str, topic: str, partition: int, offset: CommittedOffset
    ) -> None:
        """Note an offset of a producer's transaction, instead of an earlier one of the same."""
        self._by_producer.setdefault(producer_id, {})[group_id, topic, partition] = offset
        places = self._by_group.setdefault(group_id, {})
        places.setdefault((topic, partition), set()).add(producer_id)

    def take(self, producer_id: int) -> dict[_Place, CommittedOffset]:
        """Return a producer's offsets, and have none of it any more."""
        taken = self._by_producer.pop(producer_id, {})
        for place in taken:
            self._unlist(place, producer_id)
        return taken

    def drop(self, group_id: str, topic: str, partition: int) -> None:
        """Forget what any producer would commit for a partition."""
        place = (group_id, topic, partition)
        producers = self._by_group.get(group_id, {}).get((topic, partition), ())
        for producer_id in tuple(producers):
            offsets = self._by_producer[producer_id]
            del offsets[place]
            if not offsets:
                del self._by_producer[producer_id]
            self._unlist(place, producer_id)

    def _unlist(self, place: _Place, producer_id: int) -> None:
        group_id, topic, partition = place
        places = self._by_group[group_id]
        producers = places[topic, partition]
        producers.discard(producer_id)
        if not producers:
            del places[topic, partition]
        if not places:
            del self._by_group[group_id]

    def has(self, group_id: str, topic: str, partition: int) -> bool:
        """Whether an open transaction would commit an offset of a partition."""
        places = self._by_group.get(group_id)
        return places is not None and (topic, partition) in places

    def has_group(self, group_id: str) -> bool:
        """Whether an open transaction would commit an offset of a group."""
        return group_id in self._by_group

    def of_group(self, group_id: str) -> Iterator[tuple[str, int]]:
        """Yield topic and partition of what open transactions would commit for a group."""
        yield from tuple(self._by_group.get(group_id, ()))

    def groups_with(self, topic: str) -> list[str]:
        """Return the groups for which open transactions would commit offsets of a topic."""
        return [
            group_id
            for group_id, places in self._by_group.items()
            if any(name == topic for name, _ in places)
        ]
