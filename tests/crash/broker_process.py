"""A broker as a process of its own, which a test kills, stops and starts again on its data.

Invariant: when the `with` block ends no process is left. What the broker says on stderr, in all its
lives, is in `log`.
Neighbours: `test_broker_kill`, `test_broker_stop` and `test_broker_disks` use it.
"""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, Self

STOP_S = 10
"""How long a broker may take to stop."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class BrokerProcess:
    """A broker on a directory and a port that stay the same."""

    def __init__(self, path: Path, **settings: str) -> None:
        self.port = free_port()
        self.log_file = path / "stderr.txt"
        told = {"log.dirs": str(path / "data"), "group.initial.rebalance.delay.ms": "0"}
        told |= {key.replace("_", "."): value for key, value in settings.items()}
        self.command = [
            *(sys.executable, "-m", "logcore.cli.main", "broker"),
            *("--listen", f"127.0.0.1:{self.port}"),
            *(word for key, value in told.items() for word in ("--set", f"{key}={value}")),
        ]
        self.process: subprocess.Popen[bytes] | None = None
        self.ready_line = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.kill()

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def start(self) -> None:
        """Start, and wait until it serves."""
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=subprocess.PIPE, stderr=log, env=environment
            )
        self.ready_line = self._output().readline().decode()
        assert self.ready_line.startswith("ready"), self.log

    def kill(self) -> None:
        """End it as `kill -9` does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self._gone()

    def stop(self) -> int:
        """End it as an operator does; return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait until it has ended; return its exit code."""
        assert self.process is not None
        code = self.process.wait(STOP_S)
        self._gone()
        return code

    def _output(self) -> IO[bytes]:
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout

    def _gone(self) -> None:
        assert self.process is not None
        self.process.wait()
        self._output().close()
        self.process = None
