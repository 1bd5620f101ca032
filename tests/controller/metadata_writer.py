"""A program that creates topics until it is killed, and prints each once it was told so.

Arguments: the log directory. The test reads the names and kills it.
"""

import asyncio
import itertools
import sys
from pathlib import Path

from logcore.broker.lanes import Lanes
from logcore.broker.storage import LaneWorker
from logcore.common.clock import SystemClock
from logcore.controller.controller import Controller
from logcore.controller.features import INITIAL
from logcore.controller.metadata_log import TOPIC_ID, TOPIC_SETTINGS, SingleNodeLog
from logcore.log.manager import LogManager
from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from tests.controller.building import NODE, Rules, broker


async def main(path: Path) -> None:
    settings = {"__cluster_metadata": TOPIC_SETTINGS}
    manager = LogManager([path], topic_settings=settings, node_id=NODE)
    log = manager.get_or_create("__cluster_metadata", 0, TOPIC_ID, is_new=False)
    worker = LaneWorker(Lanes(asyncio.get_running_loop()))
    metadata = SingleNodeLog(log, Path(log.path), worker, SystemClock())
    controller = Controller(metadata, NODE, Rules())
    await controller.start(broker(), initial_features=INITIAL, was_killed=True).wait()
    for number in itertools.count(len(controller.image.topics_by_name)):
        asked = CreatableTopic(name=f"topic-{number}", num_partitions=3, replication_factor=1)
        await controller.create_topics(CreateTopicsRequest(topics=[asked])).wait()
        sys.stdout.write(f"topic-{number}\n")
        sys.stdout.flush()
        if number % 7 == 3:
            # Snapshots meet kills too; nobody waits for this one.
            metadata.snapshot(controller.image)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
