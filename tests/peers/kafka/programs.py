"""Kafka's programs, by their short names.

Invariant: a tool that fails raises with what it printed; nothing is read from its exit code alone.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.peers.kafka.jars import kafka_classpath

LOGGING: Final = Path(__file__).with_name("log4j2.xml")
# A tool lives for seconds: start quickly rather than run fast.
SHORT_LIVED: Final = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
LONG_LIVED: Final = ("-Xmx1g", "-XX:+UseG1GC")

SERVER: Final = "kafka.Kafka"
TOOLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "acls": "org.apache.kafka.tools.AclCommand",
        "broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
        "client-metrics": "org.apache.kafka.tools.ClientMetricsCommand",
        "cluster": "org.apache.kafka.tools.ClusterTool",
        "configs": "kafka.admin.ConfigCommand",
        "console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
        "console-producer": "org.apache.kafka.tools.ConsoleProducer",
        "console-share-consumer": "org.apache.kafka.tools.consumer.ConsoleShareConsumer",
        "consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
        "consumer-perf": "org.apache.kafka.tools.ConsumerPerformance",
        "delegation-tokens": "org.apache.kafka.tools.DelegationTokenCommand",
        "delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
        "dump-log": "org.apache.kafka.tools.DumpLogSegments",
        "e2e-latency": "org.apache.kafka.tools.EndToEndLatency",
        "features": "org.apache.kafka.tools.FeatureCommand",
        "get-offsets": "org.apache.kafka.tools.GetOffsetShell",
        "groups": "org.apache.kafka.tools.GroupsCommand",
        "leader-election": "org.apache.kafka.tools.LeaderElectionCommand",
        "log-dirs": "org.apache.kafka.tools.LogDirsCommand",
        "metadata-quorum": "org.apache.kafka.tools.MetadataQuorumCommand",
        "producer-perf": "org.apache.kafka.tools.ProducerPerformance",
        "reassign": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
        "share-consumer-perf": "org.apache.kafka.tools.ShareConsumerPerformance",
        "share-groups": "org.apache.kafka.tools.consumer.group.ShareGroupCommand",
        "storage": "kafka.tools.StorageTool",
        "streams-groups": "org.apache.kafka.tools.streams.StreamsGroupCommand",
        "topics": "org.apache.kafka.tools.TopicCommand",
        "transactions": "org.apache.kafka.tools.TransactionsCommand",
        "verifiable-consumer": "org.apache.kafka.tools.VerifiableConsumer",
        "verifiable-producer": "org.apache.kafka.tools.VerifiableProducer",
        "verifiable-share-consumer": "org.apache.kafka.tools.VerifiableShareConsumer",
    }
)


def java_command(
    main_class: str,
    arguments: tuple[str, ...],
    options: tuple[str, ...],
    classes: Path | None = None,
) -> list[str]:
    """Return the command that runs one of Kafka's classes, with others of our own beside them."""
    logging = f"-Dlog4j2.configurationFile={LOGGING}"
    own = () if classes is None else (str(classes),)
    classpath = os.pathsep.join((*own, kafka_classpath()))
    return ["java", *options, logging, "-cp", classpath, main_class, *arguments]


def run_tool(
    name: str,
    *arguments: str,
    stdin: str = "",
    timeout_s: float = 120,
    options: tuple[str, ...] = SHORT_LIVED,
) -> str:
    """Run a tool and return what it wrote to standard output.

    Args:
        name: A key of `TOOLS`.
        arguments: Its command line.
        stdin: What it reads, such as the lines for `console-producer`.
        timeout_s: After so many seconds it is killed, and `subprocess.TimeoutExpired` raised.
        options: Of the virtual machine; a tool that works for long is better off with its own.

    Raises:
        RuntimeError: If it exits with another code than 0; the message has all it printed.
    """
    command = java_command(TOOLS[name], arguments, options)
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"kafka {name} exits {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def dump_log(*files: Path, options: tuple[str, ...] = ("--deep-iteration",)) -> str:
    """Have `DumpLogSegments` read files of a partition directory, and return its report.

    Args:
        files: Segments, indexes or snapshots, told apart by their suffix.
        options: What else it is told: `--deep-iteration` (every record, decompressed, its CRC
            checked), `--print-data-log`, `--index-sanity-check`, `--verify-index-only`.

    Raises:
        RuntimeError: If it fails, or its report names a file that is not sound: a mismatch of
            index and log, offsets that are not consecutive, or a batch whose CRC is wrong.
    """
    names = ",".join(str(path) for path in files)
    report = run_tool("dump-log", *options, "--files", names)
    complaints = [line for line in report.splitlines() if is_complaint(line)]
    if complaints:
        raise RuntimeError("kafka dump-log complains:\n" + "\n".join(complaints) + "\n\n" + report)
    return report


def is_complaint(line: str) -> bool:
    """Whether a line of the report says that a file is not sound."""
    return any(
        sign in line.lower()
        for sign in (
            "isvalid: false",
            "mismatches in :",
            "non-consecutive offsets in ",
            "found timestamp mismatch in :",
            "found out of order timestamp in :",
            "indexed offsets are not found in :",
            "invalid bytes at the end of ",
            "error at offset ",
            "failed to decode message",
        )
    )
