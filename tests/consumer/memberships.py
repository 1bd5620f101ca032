"""A membership without a consumer around it, to be stepped by a test."""

import asyncio
from collections.abc import Callable
from typing import Any

from logcore.client.cluster import Cluster
from logcore.consumer.config import CONSUMER_CONFIG, ConsumerSettings
from logcore.consumer.coordination import GroupCoordinator

PATIENCE_S = 20.0


class Holder:
    """Holds partitions, and notes what happens to them."""

    def __init__(self):
        self.places = []
        self.changes = []

    def owned(self):
        return list(self.places)

    async def revoke(self, places):
        if not places:
            return
        self.changes.append(("revoked", sorted(places)))
        self.places = [place for place in self.places if place not in places]

    async def lose(self, places):
        if not places:
            return
        self.changes.append(("lost", sorted(places)))
        self.places = [place for place in self.places if place not in places]

    async def receive(self, places):
        if not places:
            return
        self.changes.append(("assigned", sorted(places)))
        self.places += places


class Stepped:
    """A member of a group, and its holder."""

    def __init__(self, kind: Callable[..., Any], bootstrap: str, group: str, **settings: Any):
        told = {
            "bootstrap.servers": bootstrap, "group.id": group, "retry.backoff.ms": 5,
            "heartbeat.interval.ms": 50, **settings,
        }  # fmt: skip
        made = ConsumerSettings(CONSUMER_CONFIG, told)
        self.cluster = Cluster(made, creates_topics=False)
        self.holder = Holder()
        coordinator = GroupCoordinator(self.cluster, group)
        self.member = kind(self.cluster, made, coordinator, lambda: None)

    def subscribe(self, *topics: str) -> None:
        self.cluster.track(topics)
        self.member.subscribe(frozenset(topics))

    async def step(self) -> None:
        self.member.polled = self.cluster.loop.time()
        if self.member.is_due:
            await self.member.step(self.holder)

    async def close(self) -> None:
        await self.member.leave()
        self.cluster.close()


async def until(condition: Callable[[], bool], *members: Stepped) -> None:
    """Step members until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            for member in members:
                await member.step()
            await asyncio.sleep(0.01)
