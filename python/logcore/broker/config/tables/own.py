"""What differs from Apache Kafka: logcore's own keys, and defaults that suit one node.

Invariant: an own key begins with `logcore.`; every other default is Apache Kafka 4.3.1's.
Neighbours: `broker_keys` joins the tables; `docs.txt` says what each key means.
"""

from collections.abc import Mapping
from typing import Final

from logcore.common.config import INT, LOW, PASSWORD, STRING, ConfigKey, Value
from logcore.common.config_values import NotEmpty, Range

OWN: Final = (
    ConfigKey("logcore.add.scram", PASSWORD, None, importance=LOW),
    ConfigKey("logcore.busy.poll.us", INT, 100, Range(0, 1000), LOW),
    ConfigKey("logcore.cluster.id", STRING, None, NotEmpty(), LOW),
    ConfigKey("logcore.health.host", STRING, "127.0.0.1", NotEmpty()),
    ConfigKey("logcore.health.port", INT, None, Range(0, 65535)),
)

DEFAULTS: Final[Mapping[str, Value]] = {
    "controller.listener.names": ("CONTROLLER",),
    "log.dir": ("logcore-data",),
    "node.id": 1,
    "offsets.topic.replication.factor": 1,
    "process.roles": ("broker", "controller"),
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "socket.receive.buffer.bytes": -1,
    "socket.send.buffer.bytes": -1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.replication.factor": 1,
}
"""Key -> default. Apache Kafka demands a value for three of them, writes its data below /tmp, wants
three brokers for its internal topics, and fixes the size of socket buffers, which the system sizes
better by itself."""
