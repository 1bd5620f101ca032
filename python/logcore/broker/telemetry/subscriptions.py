"""Subscriptions: which clients are to push which metrics, how often.

Invariant: pure; what stands in a subscription's settings passed the rules that check them, so a
pattern that cannot be compiled is a mistake and matches nobody.
Neighbours: `telemetry` makes one per resource; `broker.config.rules` checks the settings.
Source: Apache Kafka 4.3.1, `ClientMetricsConfigs`, `ClientMetricsInstanceMetadata` and KIP-714.
"""

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

INTERVAL_MS: Final = 300_000
ALL_METRICS: Final = "*"


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """What is known of a client, by the names that subscriptions match it with.

    Attributes:
        client_instance_id: Its instance's id as text.
        client_id: What it calls itself.
        client_software_name: Its software.
        client_software_version: The version of that.
        client_source_address: Its address.
        client_source_port: Its port.
    """

    client_instance_id: str
    client_id: str
    client_software_name: str
    client_software_version: str
    client_source_address: str
    client_source_port: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription.

    Attributes:
        metrics: Beginnings of the names that are wanted; `ALL_METRICS` for all.
        interval_ms: How often.
        patterns: What a client's facts must look like, all of them.
    """

    metrics: frozenset[str]
    interval_ms: int
    patterns: tuple[tuple[str, re.Pattern[str]], ...] = ()

    @classmethod
    def of(cls, configs: Mapping[str, str]) -> "Subscription":
        """Read a subscription from the settings of its resource.

        Example:
            >>> read = Subscription.of({"metrics": "a.,b.", "match": "client_id=x.*"})
            >>> sorted(read.metrics), read.interval_ms, read.patterns[0][0]
            (['a.', 'b.'], 300000, 'client_id')
        """
        matches = (entry.partition("=") for entry in _items(configs.get("match", "")))
        return cls(
            frozenset(_items(configs.get("metrics", ""))),
            int(configs.get("interval.ms", INTERVAL_MS)),
            tuple((name.strip(), re.compile(text.strip())) for name, _, text in matches),
        )

    def is_for(self, facts: ClientFacts) -> bool:
        """Return whether it is for a client."""
        return all(pattern.fullmatch(getattr(facts, name)) for name, pattern in self.patterns)


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one client is to push, by all subscriptions that are for it.

    Attributes:
        metrics: Beginnings of names; none if nothing is wanted.
        interval_ms: How often.
    """

    metrics: tuple[str, ...]
    interval_ms: int

    def subscription_id(self, client_instance_id: bytes) -> int:
        """Return the number by which a client names this, another if it differs in anything."""
        crc = zlib.crc32(",".join((*self.metrics, str(self.interval_ms))).encode())
        own = zlib.crc32(client_instance_id)
        return int.from_bytes((crc ^ own).to_bytes(4, "big"), "big", signed=True)


def wanted(subscriptions: Iterable[Subscription], facts: ClientFacts) -> Wanted:
    """Return what a client is to push.

    Example:
        >>> facts = ClientFacts("i", "c", "s", "1", "127.0.0.1", "9")
        >>> one, other = frozenset({"b"}), frozenset({"a"})
        >>> wanted([Subscription(one, 500), Subscription(other, 900)], facts)
        Wanted(metrics=('a', 'b'), interval_ms=500)
    """
    metrics: set[str] = set()
    interval_ms = INTERVAL_MS
    for subscription in subscriptions:
        if subscription.is_for(facts):
            metrics |= subscription.metrics
            interval_ms = min(interval_ms, subscription.interval_ms)
    if ALL_METRICS in metrics:
        metrics = {ALL_METRICS}
    return Wanted(tuple(sorted(metrics)), interval_ms)
