"""A broker of one node, Apache Kafka's own, for as long as a `with` block.

Invariant: when the block ends no process is left, and after a clean stop its partition directories
can be read at leisure.
"""

import base64
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.peers.kafka.programs import LONG_LIVED, SERVER, java_command, run_tool

STARTED: Final = "Kafka Server started"
START_S: Final = 90
STOP_S: Final = 30


@dataclass(frozen=True)
class KafkaBroker:
    """A running broker."""

    bootstrap: str
    """`host:port` for clients."""
    log_dir: Path
    """Where its partition directories are."""
    process: subprocess.Popen[bytes]

    def tool(self, name: str, *arguments: str, stdin: str = "") -> str:
        """Run one of Kafka's tools against this broker."""
        return run_tool(name, "--bootstrap-server", self.bootstrap, *arguments, stdin=stdin)

    def stop(self) -> None:
        """Stop it cleanly, as an operator would; a second call does nothing."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it without a chance to tidy up, as a crash would."""
        self.process.kill()
        self.process.wait()


@contextmanager
def running_kafka(
    directory: Path,
    port: int | None = None,
    config: Mapping[str, str] | None = None,
    classes: Path | None = None,
) -> Iterator[KafkaBroker]:
    """Start a broker with its data below a directory; stop it when the block ends.

    Args:
        directory: An existing folder. With data of an earlier run in it, the broker goes on there.
        port: The port on the loopback interface; a free one if None.
        config: Further lines of `server.properties`, such as `{"log.segment.bytes": "1048576"}`.
        classes: A folder with classes of our own that those name.

    Raises:
        RuntimeError: If it does not start; the message has the end of what it printed.
    """
    port = port or free_port()
    properties = directory / "server.properties"
    lines = server_config(directory, port, free_port()) | dict(config or {})
    properties.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
    log_dir = directory / "data"
    if not (log_dir / "meta.properties").exists():
        cluster_id = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        # An id that begins with a dash would be taken for an option.
        cluster_id = "L" + cluster_id[1:]
        run_tool("storage", "format", "--standalone", "-t", cluster_id, "-c", str(properties))
    output = directory / "server.out"
    command = java_command(SERVER, (str(properties),), LONG_LIVED, classes)
    with output.open("wb") as sink:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT
        )
    broker = KafkaBroker(f"127.0.0.1:{port}", log_dir, process)
    try:
        wait_until_started(process, output)
        yield broker
    finally:
        broker.stop()


def wait_until_started(process: subprocess.Popen[bytes], output: Path) -> None:
    """Return when the broker says that it has started."""
    deadline = time.monotonic() + START_S
    while STARTED not in output.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            tail = output.read_text(errors="replace")[-4000:]
            raise RuntimeError(f"Kafka did not start:\n{tail}")
        time.sleep(0.1)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def server_config(directory: Path, port: int, controller_port: int) -> dict[str, str]:
    """Return the settings of one node that is broker and controller at once."""
    controller = f"127.0.0.1:{controller_port}"
    listeners = f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://{controller}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": controller,
        "listeners": listeners,
        "advertised.listeners": listeners,
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(directory / "data"),
        "offsets.topic.num.partitions": "1",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
    }
