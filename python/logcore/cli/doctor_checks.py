"""The checks of `logcore doctor`: each looks at one thing and yields what it finds.

Invariant: a check reads and changes nothing; one that fails does not keep the others from looking.
Neighbours: `doctor` prints; `logcore.admin` and plain sockets are what is looked with.
"""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from logcore.cli.connecting import ClusterOptions
from logcore.common.errors import ClientError, KafkaError

if TYPE_CHECKING:
    from logcore.admin.admin import Admin
    from logcore.admin.topic_descriptions import TopicDescription

OK: Final = "ok"
WARNING: Final = "warning"
PROBLEM: Final = "problem"

CONNECT_S: Final = 3.0
FREE_SHARE_MIN: Final = 0.1
HANGING_MS: Final = 15 * 60 * 1000
"""Longer than Kafka's default for the longest transaction."""
SHOWN_MAX: Final = 5
LOOPBACK: Final = ("localhost", "127.", "::1")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes:
        severity: ``ok``, ``warning`` or ``problem``.
        sentence: What is so.
        advice: What to do about it; empty if nothing.
    """

    severity: str
    sentence: str
    advice: str = ""


def findings(cluster: ClusterOptions) -> Iterator[Finding]:
    """Make all checks, in the order in which one builds on another."""
    found = list(bootstrap(cluster.bootstrap_servers))
    yield from found
    if all(finding.severity == PROBLEM for finding in found):
        return
    servers = cluster.bootstrap_servers
    with cluster.admin() as admin:
        checks: dict[str, Callable[[], Iterator[Finding]]] = {
            "brokers": lambda: brokers(admin, servers),
            "versions": lambda: versions(admin),
            "topics": lambda: topics(admin),
            "space": lambda: space(admin),
            "transactions": lambda: transactions(admin),
        }
        for name, check in checks.items():
            try:
                yield from check()
            except (KafkaError, ClientError) as error:
                text = " ".join(str(error).split())
                yield Finding(WARNING, f"the check of {name} could not be made: {text}")


def bootstrap(servers: str) -> Iterator[Finding]:
    """Look whether the bootstrap servers can be reached."""
    for server in servers.split(","):
        host, _, port = server.strip().rpartition(":")
        problem = unreachable(host.strip("[]"), port)
        if problem is None:
            yield Finding(OK, f"{server} can be reached")
        else:
            yield Finding(
                PROBLEM, f"{server} cannot be reached: {problem}", "is the broker running there?"
            )


def unreachable(host: str, port: str | int) -> str | None:
    """Return why an address cannot be connected to; None if it can."""
    try:
        with socket.create_connection((host, int(port)), CONNECT_S):
            return None
    except socket.gaierror as error:
        return f"the name {host} is not known ({error.strerror})"
    except TimeoutError:
        return f"no answer in {CONNECT_S:g} s; a firewall?"
    except OSError as error:
        return error.strerror or str(error)
    except ValueError:
        return f"{port!r} is no port"


def brokers(admin: "Admin", servers: str) -> Iterator[Finding]:
    """Look whether each broker can be reached at the address that it tells clients."""
    described = admin.cluster.describe()
    is_far = not any(server.strip().startswith(LOOPBACK) for server in servers.split(","))
    for broker in described.brokers:
        told = f"broker {broker.node_id} tells clients to come to {broker.host}:{broker.port}"
        problem = unreachable(broker.host, broker.port)
        if problem is not None:
            yield Finding(
                PROBLEM,
                f"{told}, which cannot be reached from here: {problem}",
                "set its advertised.listeners to an address that clients can reach",
            )
        elif is_far and broker.host.startswith(LOOPBACK):
            yield Finding(
                WARNING,
                f"{told}, which is only good on its own machine",
                "set its advertised.listeners to an address that clients can reach",
            )
        else:
            yield Finding(OK, f"{told}, and is there")
        if broker.is_fenced:
            yield Finding(WARNING, f"broker {broker.node_id} is fenced: it may not lead")
    if described.controller_id is None:
        yield Finding(PROBLEM, "the cluster has no controller: metadata cannot be changed")


def versions(admin: "Admin") -> Iterator[Finding]:
    """Look whether features are in force that the broker supports."""
    features = admin.cluster.features()
    behind = [
        f"{name} is at {features.finalized.get(name, 0)} of {last}"
        for name, (_, last) in sorted(features.supported.items())
        if name in features.finalized and features.finalized[name] < last
    ]
    if behind:
        yield Finding(
            WARNING,
            f"features are not at the highest level that the broker supports: {', '.join(behind)}",
            "after an upgrade is complete: logcore cluster feature NAME LEVEL",
        )
    else:
        yield Finding(OK, "every feature in force is at its highest level")


def topics(admin: "Admin") -> Iterator[Finding]:
    """Look for partitions without leaders, out of sync, or that a single failure would stop."""
    broker_count = len(admin.cluster.describe().brokers)
    described = admin.topics.describe()
    found = False
    for topic in described.succeeded.values():
        for finding in topic_findings(topic, broker_count):
            found = True
            yield finding
    if not found:
        yield Finding(OK, f"all {len(described.succeeded)} topics have their leaders and replicas")


def topic_findings(topic: "TopicDescription", broker_count: int) -> Iterator[Finding]:
    """Look at one topic."""
    leaderless = [part.partition for part in topic.partitions if part.leader is None]
    if leaderless:
        yield Finding(
            PROBLEM,
            f"{topic.name} has no leader for partitions {numbers(leaderless)}",
            "bring their brokers back: logcore topic describe names them",
        )
    behind = [p.partition for p in topic.partitions if len(p.isr) < len(p.replicas)]
    if behind:
        yield Finding(
            WARNING, f"{topic.name} has replicas out of sync in partitions {numbers(behind)}"
        )
    alone = [part.partition for part in topic.partitions if len(part.replicas) == 1]
    if alone and broker_count > 1:
        yield Finding(
            WARNING,
            f"{topic.name} has one replica only in partitions {numbers(alone)}: one broker lost "
            "is records lost",
            "move them to more brokers",
        )


def numbers(partitions: list[int]) -> str:
    """Return a list of numbers that is not too long to read."""
    shown = ", ".join(map(str, partitions[:SHOWN_MAX]))
    left = len(partitions) - SHOWN_MAX
    return f"{shown} and {left} more" if left > 0 else shown


def space(admin: "Admin") -> Iterator[Finding]:
    """Look for volumes that are nearly full."""
    for node_id, directories in admin.replicas.log_dirs().items():
        for directory in directories:
            if directory.total_bytes is None or directory.usable_bytes is None:
                continue
            share = directory.usable_bytes / max(directory.total_bytes, 1)
            said = f"{share:.0%} of the volume of {directory.path} on broker {node_id} is free"
            if share < FREE_SHARE_MIN:
                yield Finding(WARNING, said, "delete records, or lower retention")
            else:
                yield Finding(OK, said)


def transactions(admin: "Admin") -> Iterator[Finding]:
    """Look for transactions that are open for so long that they must hang."""
    hanging = admin.transactions.list(states=["Ongoing"], longer_than_ms=HANGING_MS)
    if not hanging:
        yield Finding(OK, "no transaction hangs")
    for one in hanging:
        yield Finding(
            PROBLEM,
            f"the transaction of {one.transactional_id} is open for over "
            f"{HANGING_MS // 60_000} minutes: who reads committed records waits for it",
            f"logcore txn fence {one.transactional_id}",
        )
