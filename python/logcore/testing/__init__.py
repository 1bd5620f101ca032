"""A real broker for tests: in this process or beside it, with faults on request and time to turn.

With the package installed, pytest has these fixtures (`plugin`): `logcore_broker`, one broker for
the run; `logcore_fresh_broker`, one for a test; `logcore_topic`, which makes topics;
`logcore_broker_process`, a process that can be killed; `logcore_admin`, `logcore_producer`,
`logcore_consumer` and `logcore_share_consumer`, clients of the first. Without pytest, use the
classes.

Invariant: what runs is the broker that users run, over real sockets and files. A fault is what a
client would see of a real one.
Neighbours: `logcore.broker` is what runs; nothing of the package imports this.

Example:
    >>> from logcore.testing import LocalBroker
    >>> with LocalBroker() as broker:
    ...     name = broker.create_topic(partitions=3)
    ...     bool(broker.bootstrap_servers)
    True
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logcore.testing.broker_process import BrokerProcess as BrokerProcess
    from logcore.testing.disk import Disk as Disk
    from logcore.testing.faults import Faults as Faults
    from logcore.testing.local_broker import LocalBroker as LocalBroker

__all__ = ["BrokerProcess", "Disk", "Faults", "LocalBroker"]

_MODULES = {
    "BrokerProcess": "broker_process",
    "Disk": "disk",
    "Faults": "faults",
    "LocalBroker": "local_broker",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - one of the classes above
    """Import a class when it is first asked for."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - only where something is used

    return getattr(importlib.import_module(f"{__name__}.{module}"), name)
