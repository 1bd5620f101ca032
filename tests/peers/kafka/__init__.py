"""Apache Kafka 4.3.1 as a peer: its tools, and a broker of one node on this machine.

By hand: `python -m tests.peers.kafka` lists the tools and runs them.
Invariant: jars come by Maven, listed in `pom.xml`; nothing of Kafka's is kept in this repository.
"""

from tests.peers.kafka.broker import KafkaBroker, running_kafka
from tests.peers.kafka.jars import kafka_classpath, why_absent
from tests.peers.kafka.programs import TOOLS, dump_log, run_tool

__all__ = [
    "TOOLS",
    "KafkaBroker",
    "dump_log",
    "kafka_classpath",
    "run_tool",
    "running_kafka",
    "why_absent",
]
