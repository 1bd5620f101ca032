"""Foreign suites: runs one against a broker, and reads its verdict.

Invariant: a suite that ends without saying how many passed has failed, whatever its exit code.
Neighbours: `suites/common.sh` tells what a run is and which lists decide; `data_check` looks at
what the broker left on disk.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SUITES: Final = Path(__file__).with_name("suites")
NAMES: Final = (
    "kcat",
    "aiokafka",
    "kafka-python",
    "kgo",
    "java-tools",
    "kafka-go",
    "clients",
    "librdkafka",
)
RESULT: Final = re.compile(r"^(PASS|FAIL|SKIP) (\S+) ?(.*)$")
NEEDS: Final = {"kgo": "go", "kafka-go": "go", "clients": "npm", "librdkafka": "npm"}
SUMMARY: Final = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$")


@dataclass
class Verdict:
    """What a suite said of a broker."""

    suite: str
    seconds: float = 0
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    is_accepted: bool = False
    """Whether every required test passed."""
    failures: list[str] = field(default_factory=list)
    """Lines of required tests that did not pass."""

    def describe(self) -> str:
        """Say what went wrong, a line a test."""
        return (
            "\n".join(self.failures) or f"{self.suite} said nothing of its tests, or failed itself"
        )


def listed(suite: str, name: str) -> set[str]:
    """Return the tests that one of a suite's lists names."""
    path = SUITES / suite / f"{name}.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return {re.split(r"\s+#", line)[0].strip() for line in lines} - {""}


def required(suite: str) -> set[str]:
    """Return the tests that must pass."""
    return listed(suite, "expected")


def why_absent(suite: str) -> str | None:
    """Say what this machine lacks to run a suite, or None; Java and Maven are asked elsewhere."""
    program = NEEDS.get(suite, "bash")
    return None if shutil.which(program) else f"{program} is not installed ({suite} needs it)"


def prepare(suite: str) -> None:
    """Download and build what a suite needs, once on a machine.

    Raises:
        RuntimeError: If that fails; the message has what it printed.
    """
    command = [str(SUITES / suite / "run"), "--prepare"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    if done.returncode != 0:
        raise RuntimeError(f"{suite} cannot be prepared:\n{done.stdout}{done.stderr}")


def environment(jobs: int | None = None) -> dict[str, str]:
    """Return what a suite's `run` finds around it."""
    chosen = {"TEST_PYTHON": sys.executable} | ({"JOBS": str(jobs)} if jobs else {})
    return {**os.environ, **chosen}


def run_suite(
    suite: str,
    bootstrap: str,
    options: Sequence[str] = (),
    jobs: int | None = None,
    show: Callable[[str], object] = str,
) -> Verdict:
    """Run a suite against a broker and return its verdict.

    Args:
        suite: One of `NAMES`.
        bootstrap: `host:port` of the broker.
        options: What its `run` gets before the address: `--quick`, or nothing.
        jobs: How many tests run at once, where the suite can; its own choice if None.
        show: Called with every line as it comes.
    """
    verdict, start, must = Verdict(suite), time.monotonic(), required(suite)
    said = False
    with subprocess.Popen(
        [str(SUITES / suite / "run"), *options, bootstrap],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(jobs),
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                show(line.rstrip("\n"))
                said = take(line.rstrip("\n"), must, verdict) or said
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    verdict.seconds = time.monotonic() - start
    verdict.is_accepted = said and process.returncode == 0 and not verdict.failures
    return verdict


def take(line: str, must: set[str], verdict: Verdict) -> bool:
    """Enter one line of a suite into its verdict; True for the line that closes it."""
    summary = SUMMARY.match(line)
    if summary:
        verdict.passed, verdict.failed, verdict.skipped = map(int, summary.groups())
        return True
    result = RESULT.match(line)
    if result and result[1] != "PASS" and result[2] in must:
        verdict.failures.append(line)
    return False
