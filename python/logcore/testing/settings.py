"""What brokers for tests are told, unless the test says otherwise.

Invariant: each setting makes a test faster and nothing else different; a test's own settings win.
Neighbours: `local_broker` and `broker_process` begin with these.
"""

from collections.abc import Mapping
from typing import Final

DEFAULTS: Final = {
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "4",
    "log.initial.task.delay.ms": "0",
}


def settings_for(data_dir: str, listen: str, settings: Mapping[str, object]) -> dict[str, str]:
    """Return the settings of a broker.

    Args:
        data_dir: Where its data is.
        listen: Its address, as ``HOST:PORT``.
        settings: The test's own; underscores stand for dots where a name has no dots.
    """
    own = {
        key if "." in key else key.replace("_", "."): str(value) for key, value in settings.items()
    }
    return DEFAULTS | {"log.dirs": data_dir, "listeners": f"PLAINTEXT://{listen}"} | own
