"""Writes docs/protocol.md: each API that the broker serves, in which versions, and what differs.

Derived from the table of APIs, so that the document cannot say anything else; a test compares.

    python scripts/write_protocol_docs.py docs/protocol.md
"""

import sys
from pathlib import Path

from logcore.broker.apis import APIS, Api
from logcore.protocol.api_keys import ApiKey

HEAD = """# The protocol

What `logcore broker` speaks: Apache Kafka 4.3's wire protocol, byte for byte. Every version listed
is decoded, handled and answered; what is not listed is not advertised. A request for an API or a
version that is not here closes the connection with one line in the log that says so, except
ApiVersions, which is answered in version 0 with error 35 and the list, as KIP-511 has it.

This page is written by `scripts/write_protocol_docs.py` from the one table of APIs
(`python/logcore/broker/apis.py`), from which the broker's answer to ApiVersions comes too.

| key | API | versions | differs from Apache Kafka 4.3.1 |
|---|---|---|---|
"""

TAIL = """
## Not served yet

These belong to what comes next, and their keys are not advertised, so clients know: {names}.

## Proven by others

`make interop` on 2026-11-26, in one go, each suite on a broker with an empty directory;
*required* is what Apache Kafka 4.3.1 passes under the same settings, all of which passed here.
What else failed or skipped does so on Apache Kafka, for reasons that stand in each suite's
`failing.txt`. After each suite Kafka's own dump tool read every file that was left, without a
complaint. What the suites are: [testing.md](testing.md).

| suite | required | passed | failed | skipped | files that Kafka's dump tool read |
|---|---:|---:|---:|---:|---:|
| kcat 1.7.1 | 29 | 29 | 0 | 0 | 699 |
| aiokafka 0.14.0 | 28 | 28 | 0 | 0 | 439 |
| kafka-python 3.0.12 | 54 | 54 | 1 | 1 | 1,084 |
| franz-go 1.22.2 (kgo) | 55 | 55 | 0 | 1 | 547 |
| Apache Kafka 4.3.1's tools | 50 | 50 | 0 | 0 | 926 |
| kafka-go 0.4.51 | 115 | 128 | 13 | 6 | 1,002 |
| kafkajs, sarama, Java 2.1 to 3.9, Kafka Streams | 11 | 11 | 0 | 0 | 574 |
| librdkafka 2.15.1 | 104 | 105 | 1 | 12 | 8,964 |

Beside the suites, 22 tests that hold broker and clients against Apache Kafka for a minute or more
each passed in the same run (`-m long`): compaction, quotas, share and streams groups, takeovers,
storms of rebalances, brokers that moved. All of it took 47 minutes.
franz-go's chains of read-process-write were also run with ten times the records, 500,000: 55
passed in 3 minutes.

## In general

- Records travel unchanged from the producer's request to the segment to the consumer's response;
  only base offset and leader epoch are written in place. Batches of the formats before version 2
  are refused, as Apache Kafka 4 does.
- Requests of one connection are handled in the order in which they came, and answered in it.
- An address is advertised as configured in `advertised.listeners`, else as the IPv4 or IPv6 literal
  that the client connected to.
- `throttle_time_ms` says how long a client over its quotas waits: [quotas.md](quotas.md).
- Who may do what is decided by access rules, where `authorizer.class.name` asks for them; what each
  API asks is listed in [reference/acls.md](reference/acls.md).
"""


def row(api: Api) -> str:
    """Return a row of the table."""
    return f"| {int(api.key)} | {api.name} | {api.min_version}-{api.max_version} | {api.note} |\n"


def document() -> str:
    """Return the whole page."""
    rows = "".join(row(APIS[key]) for key in sorted(APIS))
    missing = [key for key in ApiKey if key not in APIS and key in CLIENTS_ASK_FOR]
    names = ", ".join("".join(part.capitalize() for part in key.name.split("_")) for key in missing)
    return HEAD + rows + TAIL.format(names=names)


CLIENTS_ASK_FOR = frozenset(
    key
    for key in ApiKey
    if not key.name.startswith(("ALLOCATE_", "ASSIGN_", "BROKER_", "CONTROLLE"))
    and not key.name.endswith(("_QUORUM_EPOCH", "_SHARE_GROUP_STATE", "_STATE_SUMMARY"))
    and key.name
    not in {
        "ALTER_PARTITION",
        "ENVELOPE",
        "FETCH_SNAPSHOT",
        "LEADER_AND_ISR",
        "STOP_REPLICA",
        "UPDATE_METADATA",
        "UPDATE_RAFT_VOTER",
        "VOTE",
    }
)
"""APIs that are not only spoken between brokers."""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), "utf-8")
