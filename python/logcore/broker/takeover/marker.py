"""``logcore-takeover.json``: that a directory of Apache Kafka is ours now, and since which epoch.

```json
{"version": 1, "kafkaEpoch": 4, "tookOverMs": 1700000000000}
```
``kafkaEpoch`` is the newest epoch of the quorum that Apache Kafka wrote. Should Kafka run on the
directory again, its ``quorum-state`` says a newer one, and the directory is looked at anew.
Invariant: it is on disk before anything else is changed, so a crash right after is ours to recover
from. Apache Kafka takes no notice of the file.
Neighbours: `inspection` compares; `broker.storage` has it written.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

NAME: Final = "logcore-takeover.json"
NEVER: Final = -1

_VERSION: Final = 1


def accepted_epoch(directory: Path) -> int:
    """Return the newest epoch of Apache Kafka's that was taken over, `NEVER` without one."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        return int(json.loads((directory / NAME).read_bytes())["kafkaEpoch"])
    return NEVER


def write(directory: Path, kafka_epoch: int, now_ms: int) -> None:
    """Write the marker into a log directory, durably.

    Raises:
        OSError: If that is not possible.
    """
    facts = {"version": _VERSION, "kafkaEpoch": kafka_epoch, "tookOverMs": now_ms}
    unfinished = directory / (NAME + ".tmp")
    with unfinished.open("w") as file:
        file.write(json.dumps(facts) + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(directory / NAME)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
