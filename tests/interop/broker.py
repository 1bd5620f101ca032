"""Our broker as a process of its own, for as long as a `with` block: what foreign suites talk to.

Invariant: when the block ends no process is left; its settings are those under which Apache Kafka
passes the suites, and nothing that makes a test easier here than there.
Neighbours: `tests.peers.kafka` starts Apache Kafka in the same shape; `suite` runs tests against
either.
"""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from logcore.broker.config.tables.authorization import STANDARD_AUTHORIZER
from tests.peers.kafka.broker import free_port

START_S: Final = 20
STOP_S: Final = 20
TAIL: Final = 4000

# What decides in the suites. Rebalances wait as long as Apache Kafka's do by default; topics made
# by their first use have 4 partitions; a session of 3 s is allowed, which kafka-python asks for.
SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "group.initial.rebalance.delay.ms": "3000",
        "num.partitions": "4",
        "group.min.session.timeout.ms": "1000",
        "offsets.topic.replication.factor": "1",
    }
)

# Tests of access rules want an authorizer; it lets everybody do everything until there is a rule.
AUTHORIZER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "authorizer.class.name": STANDARD_AUTHORIZER,
        "allow.everyone.if.no.acl.found": "true",
    }
)


@dataclass
class OurBroker:
    """A running broker of ours."""

    bootstrap: str
    """`host:port` for clients."""
    log_dir: Path
    """Where its partition directories are."""
    output: Path
    """What it prints."""
    process: subprocess.Popen[bytes]

    def stop(self) -> int:
        """Stop it cleanly and return its exit code; a second call returns the same."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def kill(self) -> None:
        """End it without a chance to tidy up, as a crash would."""
        self.process.kill()
        self.process.wait()

    def tail(self) -> str:
        """Return the end of what it printed."""
        return self.output.read_text(errors="replace")[-TAIL:]


def broker_command(data: Path, settings: Mapping[str, str]) -> list[str]:
    """Return the command line that starts a broker of ours."""
    command = [sys.executable, "-m", "logcore.cli.main", "broker"]
    command += ["--data-dir", str(data)]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    return command


@contextmanager
def running_broker(
    directory: Path,
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
    listener: str = "PLAINTEXT",
) -> Iterator[OurBroker]:
    """Start a broker with its data below a directory; stop it when the block ends.

    Args:
        directory: An existing folder. With data of an earlier run in it, the broker goes on there.
        port: The port on the loopback interface; a free one if None.
        settings: Kafka's keys and values on top of `SETTINGS`.
        listener: The name of the one listener, by which the settings may speak of it.

    Raises:
        RuntimeError: If it does not start; the message has the end of what it printed.
    """
    address = f"127.0.0.1:{port or free_port()}"
    output = directory / "broker.out"
    # Apache Kafka is started with its address spelt out, too; a test asks where that is from.
    place = f"{listener}://{address}"
    named = {"listeners": place, "advertised.listeners": place, **SETTINGS, **(settings or {})}
    command = broker_command(directory / "data", named)
    with output.open("ab") as sink:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT
        )
    broker = OurBroker(address, directory / "data", output, process)
    try:
        wait_until_answering(broker)
        yield broker
    finally:
        broker.stop()


def wait_until_answering(broker: OurBroker) -> None:
    """Return when the broker accepts connections."""
    host, _, port = broker.bootstrap.rpartition(":")
    deadline = time.monotonic() + START_S
    while True:
        if broker.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the broker does not answer:\n{broker.tail()}")
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.002)
        else:
            return
