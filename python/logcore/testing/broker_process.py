"""`BrokerProcess`: a broker in a process of its own, which a test may kill.

Invariant: a process that was started here does not outlive its `with` block, nor `close`; port and
data stay the same over kills and restarts.
Neighbours: `logcore.cli.broker` is what runs; `local_broker` is the quicker kind.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from os import PathLike
from pathlib import Path
from typing import Final, Self

from logcore.common.errors import LogcoreError
from logcore.testing.settings import settings_for
from logcore.testing.topics import create_topic, fresh_name

_HOST: Final = "127.0.0.1"
_STOP_S: Final = 20


class BrokerProcessError(LogcoreError):
    """A broker's process does not start, is not running, or does not stop."""


class BrokerProcess:
    """A broker as a process.

    Args:
        data_dir: Where its data is; a directory of its own, removed by `close`, if None.
        settings: Its settings, by Kafka's keys; underscores may stand for the dots.

    Attributes:
        data_dir: Where its data is.

    Raises:
        BrokerProcessError: From `start`, if it cannot start; the message has what it said.

    Example:
        >>> from logcore.testing import BrokerProcess
        >>> with BrokerProcess() as broker:
        ...     name = broker.create_topic()
        ...     broker.kill()
        ...     broker.start().is_running
        True
    """

    def __init__(
        self, data_dir: str | PathLike[str] | None = None, **settings: str | float | bool
    ) -> None:
        self._home = tempfile.mkdtemp(prefix="logcore-")
        self.data_dir = str(Path(self._home) / "data" if data_dir is None else data_dir)
        self._settings = {key: str(value) for key, value in settings.items()}
        self._port = 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._running().pid

    @property
    def bootstrap_servers(self) -> str:
        """Its address, as clients want it; the same after a restart."""
        if not self._port:
            raise BrokerProcessError("the broker has never run: call start()")
        return f"{_HOST}:{self._port}"

    @property
    def log(self) -> str:
        """What it has said on stderr, in all its lives."""
        path = self._log_path()
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def start(self) -> Self:
        """Start it, and return once it serves; if it runs already that is no error."""
        if self.is_running:
            return self
        told = settings_for(self.data_dir, f"{_HOST}:{self._port}", self._settings)
        pairs = [word for key, value in told.items() for word in ("--set", f"{key}={value}")]
        command = [sys.executable, "-m", "logcore.cli.main", "broker", "-o", "json", *pairs]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)
        }
        with self._log_path().open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
            )
        assert self._process.stdout is not None, "a pipe was asked for"
        ready = self._process.stdout.readline()
        if not ready:
            self._reap()
            raise BrokerProcessError(f"the broker did not start: {self.log.strip()}")
        listener = json.loads(ready)["listeners"][0]
        self._port = int(listener.rpartition(":")[2])
        return self

    def kill(self) -> None:
        """End it at once, as ``kill -9`` does."""
        self._running().send_signal(signal.SIGKILL)
        self._reap()

    def stop(self) -> int:
        """End it in an orderly way, as SIGTERM does.

        Returns:
            Its exit code.

        Raises:
            BrokerProcessError: If it does not stop; it is killed then.
        """
        process = self._running()
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise BrokerProcessError(f"the broker did not stop within {_STOP_S} s") from None
        self._reap()
        return code

    def restart(self) -> None:
        """Stop it and start it again, on its data and its port."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Kill it if it runs, and remove what is its own; more than once is no error."""
        if self.is_running:
            self.kill()
        shutil.rmtree(self._home, ignore_errors=True)

    def create_topic(
        self, name: str | None = None, partitions: int = 1, **configs: str | float | bool
    ) -> str:
        """Create a topic; arguments and result are those of `LocalBroker.create_topic`."""
        chosen = name or fresh_name()
        told = {key.replace("_", "."): str(value) for key, value in configs.items()}
        create_topic(self.bootstrap_servers, chosen, partitions, told)
        return chosen

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise BrokerProcessError("the broker is not running: call start()")
        return self._process

    def _reap(self) -> None:
        process, self._process = self._running(), None
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _log_path(self) -> Path:
        return Path(self._home) / "stderr.txt"
