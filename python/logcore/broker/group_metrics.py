"""How many groups there are, by kind and state, and how many share states, for Prometheus.

Invariant: counted when somebody asks; nothing is kept up to date in between.
Neighbours: `server` calls this; `common.metrics` shows the numbers.
"""

from collections import Counter
from collections.abc import Iterable

from logcore.common.metrics import Metrics
from logcore.coordinator.group.service import GroupCoordinator
from logcore.coordinator.share.service import ShareCoordinator


def observe_groups(
    metrics: Metrics, groups: GroupCoordinator, share_states: ShareCoordinator
) -> None:
    """Show the groups that this broker coordinates.

    Args:
        metrics: Where they are shown.
        groups: The coordinator of groups.
        share_states: The coordinator of share states.
    """

    def count() -> Iterable[tuple[tuple[str, ...], float]]:
        counts = Counter(
            (str(group.type), group.state_name)
            for _, shard in groups.runtime.machines()
            for group in shard.state.groups.values()
        )
        return sorted(counts.items())

    def count_states() -> float:
        return sum(len(shard.states) for _, shard in share_states.runtime.machines())

    metrics.observe_family(
        "gauge", "logcore_groups", "Groups coordinated here", ("type", "state"), count
    )
    metrics.observe_gauge(
        "logcore_share_states", "Partitions of share groups with a state kept here", count_states
    )
