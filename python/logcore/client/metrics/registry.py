"""The metrics of one client: what there is, and what it is now.

Invariant: a metric is shown once per name, group and tags; looking changes nothing.
Neighbours: `sampled` has the numbers; `network` the metrics of connections; `logcore.producer`,
`logcore.consumer` and `logcore.admin` add their own.
Source: Apache Kafka 4.3.1, the names and groups of its clients' metrics.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from logcore.client.metrics.sampled import Sampled, Window
from logcore.common.types import override


class Metric(NamedTuple):
    """One number that a client tells.

    Attributes:
        name: Its name, such as ``request-latency-avg``.
        group: Its group, such as ``producer-metrics``.
        value: The number; not a number where there is nothing to tell an average of.
        tags: What tells it from others of its name: ``client-id``, perhaps ``topic``.
        is_total: Whether it only grows.
        text: What it means.
    """

    name: str
    group: str
    value: float
    tags: Mapping[str, str]
    is_total: bool
    text: str


class Metrics(Mapping[str, float]):
    """The metrics of a client, as they were when they were asked for.

    As a mapping it has the numbers of the client as a whole by their names; `all` has every one.

    Example:
        >>> told = {"client-id": "me", "topic": "orders"}
        >>> sent = Metric("record-send-total", "producer-topic-metrics", 5.0, told, True, "")
        >>> dict(Metrics([sent])), Metrics([sent]).of(topic="orders")["record-send-total"]
        ({}, 5.0)
    """

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self.all = tuple(metrics)
        self._values = {each.name: each.value for each in self.all if not _own(each.tags)}

    def of(self, **tags: str | int) -> "Metrics":
        """Return the metrics that have certain tags, and no others, by their names.

        Args:
            **tags: Names and values, with underscores for dashes: ``topic="orders"``,
                ``node_id="node-1"``.
        """
        wanted = {name.replace("_", "-"): str(value) for name, value in tags.items()}
        found = [each for each in self.all if _own(each.tags) == wanted]
        return Metrics(each._replace(tags={}) for each in found)

    @override
    def __getitem__(self, name: str) -> float:
        return self._values[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    @override
    def __len__(self) -> int:
        return len(self._values)


def _own(tags: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in tags.items() if name != "client-id"}


class Column(NamedTuple):
    """What is told of a metric besides its value."""

    name: str
    text: str
    is_total: bool = False


class Family(NamedTuple):
    """Metrics that there are several of: one per node, topic or partition.

    Attributes:
        group: Their group.
        tags: The names of their tags.
        columns: Which they are.
        ask: Returns the values of the tags, and of the columns, of each.
    """

    group: str
    tags: tuple[str, ...]
    columns: Sequence[Column]
    ask: Callable[[], Iterable[tuple[tuple[str, ...], Sequence[float]]]]


class Registry:
    """The metrics of a client.

    Args:
        kind: What the client is to Java: ``producer``, ``consumer``, ``admin-client``.
        client_id: What it calls itself.
        window: Over how much time averages, maxima and rates are.
    """

    def __init__(self, kind: str, client_id: str, window: Window) -> None:
        self.kind = kind
        self.window = window
        self._client_id = client_id
        self._families: list[Family] = []

    def sampled(self) -> Sampled:
        """Make a number that is not shown by itself."""
        return Sampled(self.window)

    def gauge(
        self,
        name: str,
        text: str,
        ask: Callable[[], float],
        part: str = "",
        *,
        is_total: bool = False,
    ) -> None:
        """Show a number that lives elsewhere.

        Args:
            name: Its name.
            text: What it means.
            ask: Returns it.
            part: Which of the client's groups it is in, such as ``fetch-manager``.
            is_total: Whether it only grows.
        """
        self.family(part, (), [Column(name, text, is_total)], lambda: [((), (ask(),))])

    def average(self, base: str, text: str, part: str = "") -> Sampled:
        """Show the average and the maximum of a number that is recorded."""
        number = self.sampled()
        columns = [
            Column(f"{base}-avg", f"The average {text}"),
            Column(f"{base}-max", f"The maximum {text}"),
        ]
        self.family(part, (), columns, lambda: [((), (number.average(), number.maximum()))])
        return number

    def meter(self, base: str, text: str, part: str = "") -> Sampled:
        """Show the rate and the total of a number that is recorded."""
        number = self.sampled()
        columns = meter_columns(base, text)
        self.family(part, (), columns, lambda: [((), (number.rate(), number.total))])
        return number

    def family(
        self,
        part: str,
        tags: tuple[str, ...],
        columns: Sequence[Column],
        ask: Callable[[], Iterable[tuple[tuple[str, ...], Sequence[float]]]],
    ) -> None:
        """Show metrics that there are several of."""
        group = "-".join(filter(None, (self.kind, part, "metrics")))
        self._families.append(Family(group, tags, columns, ask))

    def described(self) -> list[tuple[str, tuple[str, ...], Column]]:
        """Return group, names of tags and column of everything there is, or can be."""
        return [
            (family.group, family.tags, column)
            for family in self._families
            for column in family.columns
        ]

    def read(self) -> Metrics:
        """Return everything as it is now."""
        return Metrics(metric for family in self._families for metric in self._metrics(family))

    def _metrics(self, family: Family) -> Iterator[Metric]:
        for labels, values in family.ask():
            tags = {"client-id": self._client_id, **dict(zip(family.tags, labels, strict=True))}
            for column, value in zip(family.columns, values, strict=True):
                yield Metric(
                    column.name, family.group, float(value), tags, column.is_total, column.text
                )


def meter_columns(base: str, text: str) -> list[Column]:
    """Return the rate and the total of a number."""
    return [
        Column(f"{base}-rate", f"{text}, per second"),
        Column(f"{base}-total", f"{text}, in all", is_total=True),
    ]
