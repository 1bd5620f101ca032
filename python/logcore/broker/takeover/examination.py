"""What Apache Kafka left in its directories, understood as a whole or refused with every reason.

Invariant: nothing on disk changes here. Loaded only where there is something of Kafka's.
Neighbours: `inspection` has seen whose directories they are; `checks` knows what is refused.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.configs import Configs
from logcore.broker.takeover import checks, directories
from logcore.broker.takeover.directories import METADATA_DIRECTORY, DirectoryFacts, Key
from logcore.broker.takeover.internal_topics import RECORD_TYPES, read_internal
from logcore.broker.takeover.metadata import Metadata, read_metadata
from logcore.broker.takeover.refusal import refuse
from logcore.broker.takeover.summary import Takeover, summary_of
from logcore.controller.quorum import QuorumState


def examine(config: BrokerConfig, state: QuorumState) -> Takeover:
    """Understand all that Apache Kafka left, without changing it.

    Args:
        config: The settings of the broker that is about to start.
        state: What the quorum of Apache Kafka said last.

    Raises:
        TakeoverRefusedError: If something is not understood, or would not be served as it was.
        OSError: If something cannot be read.
    """
    missing = [path for path in config.log_dirs if not Path(path).is_dir()]
    refuse([f"{path} of log.dirs does not exist, and others do" for path in missing])
    found = [directories.read_directory(Path(path)) for path in config.log_dirs]
    reasons = [reason for each in found for reason in each.reasons]
    home = Path(config.metadata_dir) / METADATA_DIRECTORY
    if not home.is_dir():
        reasons.append(f"{home} is not there: set metadata.log.dir as it was for Apache Kafka")
    # Whose it is comes first: of another's data, or of half of it, the rest would say much.
    refuse([*reasons, *checks.check_owners(found, config["node.id"])])
    metadata = read_metadata(home, state)
    kept = read_internal(_internal_logs(found, metadata))
    refuse([*_compared(config, found, metadata), *kept.reasons])
    return summary_of(found, metadata, kept)


def _compared(
    config: BrokerConfig, found: Sequence[DirectoryFacts], metadata: Metadata
) -> Iterator[str]:
    image, node_id = metadata.image, config["node.id"]
    ids = {each.directory_id for each in found}
    yield from checks.check_quorum(metadata, node_id, ids)
    yield from checks.check_features(image)
    yield from checks.check_brokers(image, node_id, ids)
    yield from checks.check_replicas(image, node_id, ids)
    yield from checks.check_tiered(image)
    yield from checks.check_settings(image, Configs(config))
    partitions: dict[Key, list[directories.PartitionFacts]] = {}
    for each in found:
        for key, facts in each.partitions.items():
            partitions.setdefault(key, []).append(facts)
    yield from checks.check_partitions(image, partitions)


def _internal_logs(
    found: Sequence[DirectoryFacts], metadata: Metadata
) -> Iterator[tuple[str, Path]]:
    for each in found:
        for (topic, _), facts in sorted(each.partitions.items()):
            if topic in RECORD_TYPES and topic in metadata.image.topics_by_name:
                yield topic, facts.path
