"""What the parts of a broker show to Prometheus besides what each counts by itself.

Invariant: nothing here is kept up to date; every number is asked for when somebody looks, and no
more than `PARTITIONS_MAX` partitions, and `CLIENTS_MAX` clients of a quota, are told apart.
Neighbours: `server` calls this once; `traffic`, `purgatory`, the logs and the coordinators have
the numbers; docs/reference/metrics.md is written from what is registered.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

from logcore.broker.parts import Parts
from logcore.broker.traffic import TopicBytes
from logcore.common.errors import LogcoreError
from logcore.replication.partition import Partition

PARTITIONS_MAX: Final = 2_000
CLIENTS_MAX: Final = 1_000

Family = Iterable[tuple[tuple[str, ...], float]]


def observe_parts(parts: Parts) -> None:
    """Show what a broker's parts know."""
    _observe_traffic(parts)
    _observe_partitions(parts)
    _observe_waiting(parts)
    _observe_groups(parts)
    _observe_transactions(parts)
    _observe_quotas(parts)


def _observe_traffic(parts: Parts) -> None:
    traffic = parts.traffic
    parts.metrics.add(traffic.errors)
    _observe_bytes(
        parts, "logcore_produced_bytes_total", "Bytes that producers sent", traffic.produced
    )
    _observe_bytes(
        parts, "logcore_fetched_bytes_total", "Bytes of records that consumers got", traffic.fetched
    )


def _observe_bytes(parts: Parts, name: str, text: str, counted: TopicBytes) -> None:
    def ask() -> Family:
        return [((topic,), size_bytes) for topic, size_bytes in counted.items()]

    parts.metrics.observe_family("counter", name, f"{text}, by topic", ("topic",), ask)


def _observe_partitions(parts: Parts) -> None:
    def of_each(value: Callable[[Partition], float]) -> Callable[[], Family]:
        def ask() -> Family:
            for count, partition in enumerate(parts.replicas):
                if count == PARTITIONS_MAX:
                    return
                try:
                    number = value(partition)
                except LogcoreError:
                    continue  # of a directory that is offline, or deleted just now
                yield (partition.topic, str(partition.index)), number

        return ask

    for kind, name, text, value in _OF_PARTITIONS:
        parts.metrics.observe_family(kind, name, text, ("topic", "partition"), of_each(value))
    parts.metrics.observe_gauge(
        "logcore_partitions", "Partitions here", lambda: sum(1 for _ in parts.replicas)
    )
    parts.metrics.observe_gauge(
        "logcore_topics", "Topics of the cluster", lambda: len(parts.controller.image.topics_by_id)
    )
    parts.metrics.observe_gauge(
        "logcore_metadata_offset",
        "Last offset of the metadata",
        lambda: parts.controller.image.offset,
    )


_OF_PARTITIONS: Final[tuple[tuple[str, str, str, Callable[[Partition], float]], ...]] = (
    (
        "gauge",
        "logcore_log_end_offset",
        "Where the next record of a partition goes: its rate is that of the records produced",
        lambda partition: partition.log.end_offset,
    ),
    (
        "gauge",
        "logcore_log_start_offset",
        "The first offset that a partition still has",
        lambda partition: partition.log.start_offset,
    ),
    (
        "gauge",
        "logcore_log_size_bytes",
        "Bytes of a partition's segments",
        lambda partition: partition.log.size_bytes,
    ),
)


def _observe_waiting(parts: Parts) -> None:
    purgatory, sessions = parts.purgatory, parts.fetch_sessions
    parts.metrics.observe_gauge(
        "logcore_purgatory_requests", "Requests that wait for an event", lambda: purgatory.count
    )
    parts.metrics.observe_gauge(
        "logcore_purgatory_keys", "Events that requests wait for", lambda: purgatory.key_count
    )
    parts.metrics.observe_gauge(
        "logcore_fetch_sessions", "Sessions of consumers", lambda: len(sessions)
    )


def _observe_groups(parts: Parts) -> None:
    def count() -> Family:
        counts: Counter[tuple[str, ...]] = Counter()
        for _, shard in parts.groups.runtime.machines():
            for group in shard.state.groups.values():
                number = getattr(group, "generation", None)
                counts[(str(group.type),)] += (
                    getattr(group, "epoch", 0) if number is None else number
                )
        return sorted(counts.items())

    parts.metrics.observe_family(
        "gauge",
        "logcore_group_generations",
        "Generations, or epochs, of the groups coordinated here, added up by type: its rise is "
        "how often they rebalanced",
        ("type",),
        count,
    )


def _observe_transactions(parts: Parts) -> None:
    def count() -> Family:
        counts = Counter(
            (transaction.state.kafka_name,)
            for _, shard in parts.transactions.runtime.machines()
            for transaction in shard.transactions.values()
        )
        return sorted(counts.items())

    parts.metrics.observe_family(
        "gauge",
        "logcore_transactional_ids",
        "Transactional ids coordinated here, by state",
        ("state",),
        count,
    )


def _observe_quotas(parts: Parts) -> None:
    def rates() -> Family:
        quotas = parts.quotas
        for quota in (quotas.produce, quotas.fetch, quotas.request):
            if quota is None:
                continue
            for (user, client_id), rate in islice(quota.rates(), CLIENTS_MAX):
                yield (quota.name, user, client_id), rate

    parts.metrics.observe_family(
        "gauge",
        "logcore_quota_rate",
        "What clients under a quota take: bytes, or percent of time, per second",
        ("quota", "user", "client_id"),
        rates,
    )
