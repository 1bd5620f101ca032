"""Clusters that have access rules and logins: ours, and Apache Kafka where it can run.

Invariant: who comes without a login may do everything; `USER` may log in by `login`.
Neighbours: tests of rules and of tokens ask for `guarded`; `contestants` has clusters for the rest.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from logcore.testing.local_broker import LocalBroker
from tests.contestants import CONTESTANTS
from tests.peers import kafka
from tests.peers.kafka.broker import free_port

USER, PASSWORD = "alice", "secret"
SETTINGS: Final = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": f"User:ANONYMOUS;User:{USER}",
    "allow.everyone.if.no.acl.found": "true",
    "delegation.token.secret.key": "key of tokens",
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
    "listener.name.sasl_plaintext.plain.sasl.jaas.config": (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'user_{USER}="{PASSWORD}";'
    ),
    "listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config": (
        "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    ),
}


@dataclass(frozen=True)
class Guarded:
    """A running cluster.

    Attributes:
        bootstrap: Where one comes without a login.
        secured: Where one logs in.
        login: Settings of a client that logs in as `USER`.
    """

    bootstrap: str
    secured: str
    login: dict[str, str] = field(
        default_factory=lambda: {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.username": USER,
            "sasl.password": PASSWORD,
        }
    )


@contextmanager
def running_guarded_kafka(folder: Path) -> Iterator[Guarded]:
    """Run a broker of Apache Kafka with rules and logins until the block ends."""
    plain, sasl, controller = (free_port() for _ in range(3))
    listeners = (
        f"PLAINTEXT://127.0.0.1:{plain},SASL_PLAINTEXT://127.0.0.1:{sasl},"
        f"CONTROLLER://127.0.0.1:{controller}"
    )
    settings = SETTINGS | {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
        "listener.security.protocol.map": (
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT"
        ),
    }
    with kafka.running_kafka(folder, plain, settings):
        yield Guarded(f"127.0.0.1:{plain}", f"127.0.0.1:{sasl}")


@pytest.fixture(scope="session", params=CONTESTANTS)
def guarded(request: pytest.FixtureRequest) -> Iterator[Guarded]:
    """A cluster with rules and logins: ours, then Apache Kafka's; name what you make yourself."""
    if request.param == "logcore":
        listeners = "PLAINTEXT://127.0.0.1:0,SASL_PLAINTEXT://127.0.0.1:0"
        with LocalBroker(**SETTINGS, listeners=listeners) as broker:
            yield Guarded(broker.bootstrap_servers, broker.listeners["SASL_PLAINTEXT"])
        return
    yield request.getfixturevalue("guarded_kafka")
