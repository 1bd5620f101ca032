"""The metrics of a client's connections, as a whole and broker by broker.

Invariant: a request costs three recordings, of its broker; the client's own numbers are put
together of those when somebody looks. A broker's totals outlive its connections.
Neighbours: `client.nodes` has a meter per broker, which `client.connection` records with.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from logcore.client.metrics.registry import Column, Registry, meter_columns
from logcore.client.metrics.sampled import Sampled, Window, average, maximum
from logcore.common.clock import SystemClock

_NODE: Final = (
    *meter_columns("request", "Requests sent"),
    Column("request-size-avg", "The average bytes of a request"),
    Column("request-size-max", "The maximum bytes of a request"),
    *meter_columns("response", "Responses received"),
    *meter_columns("outgoing-byte", "Bytes sent"),
    *meter_columns("incoming-byte", "Bytes received"),
    Column("request-latency-avg", "The average time to a response, in ms"),
    Column("request-latency-max", "The maximum time to a response, in ms"),
)


class NodeMeter:
    """What is measured of one broker.

    Attributes:
        sent: The bytes of each request.
        received: Bytes as they come.
        answered: The milliseconds to each response.
    """

    __slots__ = ("answered", "received", "sent")

    def __init__(self, window: Window) -> None:
        self.sent = Sampled(window)
        self.received = Sampled(window)
        self.answered = Sampled(window)


class NetworkMeter:
    """What is measured of all connections of a client.

    Args:
        registry: Where it is shown.
        count: Returns how many connections are open.
    """

    def __init__(self, registry: Registry, count: Callable[[], int]) -> None:
        self._window = registry.window
        self._nodes: dict[int, NodeMeter] = {}
        registry.gauge("connection-count", "Connections that are open", count)
        self.created = registry.meter("connection-creation", "Connections made")
        self.closed = registry.meter("connection-close", "Connections ended")
        self.logins = registry.meter("successful-authentication", "Logins that succeeded")
        self.refusals = registry.meter("failed-authentication", "Logins that failed")
        self.renewals = registry.meter("successful-reauthentication", "Logins that were renewed")
        self.failed_renewals = registry.meter(
            "failed-reauthentication", "Logins that could not be renewed"
        )
        self.renewal_ms = registry.average(
            "reauthentication-latency", "time to renew a login, in ms"
        )
        registry.family("", (), _NODE, lambda: [((), _values(self._nodes.values()))])
        registry.family("node", ("node-id",), _NODE, self._by_node)

    def node(self, node_id: int) -> NodeMeter:
        """Return what measures a broker."""
        found = self._nodes.get(node_id)
        if found is None:
            found = self._nodes[node_id] = NodeMeter(self._window)
        return found

    def _by_node(self) -> Iterable[tuple[tuple[str, ...], Sequence[float]]]:
        return [
            ((f"node-{node_id}",), _values([meter])) for node_id, meter in list(self._nodes.items())
        ]


def unseen() -> NetworkMeter:
    """Make a meter that nobody looks at."""
    window = Window(1, 1000, SystemClock().monotonic_ms)
    return NetworkMeter(Registry("client", "", window), lambda: 0)


def _values(meters: Iterable[NodeMeter]) -> Sequence[float]:
    """Return the values of `_NODE`, of some brokers together."""
    found = list(meters)
    sent = [meter.sent for meter in found]
    received = [meter.received for meter in found]
    answered = [meter.answered for meter in found]
    return (
        *_counted(sent),
        average(sent),
        maximum(sent),
        *_counted(answered),
        *_summed(sent),
        *_summed(received),
        average(answered),
        maximum(answered),
    )


def _counted(several: list[Sampled]) -> tuple[float, int]:
    return sum(each.count_rate() for each in several), sum(each.count for each in several)


def _summed(several: list[Sampled]) -> tuple[float, float]:
    return sum(each.rate() for each in several), sum(each.total for each in several)
