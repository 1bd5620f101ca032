"""An application of Kafka Streams that counts words: instances as processes of their own.

Invariant: when the block ends no instance is left; what an instance has told so far can be asked
for at any time.
Neighbours: `StreamsInstance.java` is the application; `test_streams_groups` runs it.
"""

import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from tests.interop.java_program import java_command

PROGRAM: Final = Path(__file__).with_name("StreamsInstance.java")
TOLD: Final = re.compile(r"^STATE (\w+) active=(\S*) standby=(\S*) hosts=(\S*)$", re.MULTILINE)
WAIT_S: Final = 90
PAUSE_S: Final = 0.2


def command(bootstrap: str, name: str, *arguments: object) -> list[str]:
    """Return the command line that runs the program."""
    return java_command(PROGRAM, bootstrap, name, *arguments)


def run(bootstrap: str, name: str, *arguments: object) -> str:
    """Run the program to its end, and return what it wrote."""
    done = subprocess.run(
        command(bootstrap, name, *arguments), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def counted(bootstrap: str, name: str) -> dict[str, int]:
    """Return the last count of each word that the application wrote."""
    pairs = (each.split("=") for each in run(bootstrap, name, "read").split())
    return {word: int(count) for word, count in pairs}


def expected(lines: int) -> dict[str, int]:
    """Return how often each word is in so many lines."""
    words = (word for i in range(lines) for word in ("a", f"b{i % 3}", f"c{i % 10}"))
    return dict(Counter(words))


def wait_for(is_there: Callable[[], bool], what: Callable[[], object]) -> None:
    """Return when something has come true; say what was last seen if it does not."""
    deadline = time.monotonic() + WAIT_S
    while not is_there():
        assert time.monotonic() < deadline, what()
        time.sleep(PAUSE_S)


class Told(NamedTuple):
    """What an instance tells.

    Attributes:
        state: Its state.
        active: Its active tasks.
        standby: Its standbys.
        hosts: The instances that have tasks, as far as it knows.
    """

    state: str
    active: set[str]
    standby: set[str]
    hosts: set[str]


@dataclass
class Instance:
    """One running instance."""

    process: subprocess.Popen[str]
    output: Path
    """What it tells."""

    def told(self) -> Told:
        """Return what it last told."""
        found = TOLD.findall(self.output.read_text())
        if not found:
            return Told("", set(), set(), set())
        state, *sets = found[-1]
        return Told(state, *(set(each.split(",")) - {""} for each in sets))

    def close(self) -> None:
        """Let it end in good order."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.close()
        assert self.process.wait(WAIT_S) == 0, self.output.read_text()
        assert self.output.read_text().endswith("CLOSED true\n")


@dataclass(frozen=True)
class Application:
    """An application, of which instances can be started.

    Attributes:
        bootstrap: The broker.
        name: Its name: that of its group, and the beginning of its topics' names.
        protocol: ``streams`` or ``classic``.
        guarantee: ``at_least_once`` or ``exactly_once_v2``.
        directory: Where instances keep their state.
    """

    bootstrap: str
    name: str
    protocol: str
    guarantee: str
    directory: Path

    @contextmanager
    def instance(self, number: int, standbys: int = 0) -> Iterator[Instance]:
        """Start an instance; it is killed at the end if it was not closed."""
        state = self.directory / f"{self.name}-{number}"
        output = self.directory / f"{self.name}-{number}.out"
        arguments = ("run", self.protocol, self.guarantee, state, standbys)
        with output.open("wb") as sink:
            process = subprocess.Popen(
                command(self.bootstrap, self.name, *arguments),
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=subprocess.STDOUT,
                text=True,
            )
        try:
            yield Instance(process, output)
        finally:
            process.kill()
            process.wait()

    def produce(self, first: int, last: int) -> None:
        """Write some lines."""
        run(self.bootstrap, self.name, "produce", first, last)

    def wait_for_count(self, lines: int) -> None:
        """Return when all of so many lines are counted, once or, at least once, more often."""
        seen: dict[str, int] = {}

        def is_counted() -> bool:
            seen.update(counted(self.bootstrap, self.name))
            wanted = expected(lines)
            return all(seen.get(word, 0) >= count for word, count in wanted.items())

        wait_for(is_counted, lambda: seen)


def wait_for_tasks(*instances: Instance, standbys: int = 0) -> None:
    """Return when all eight tasks run, once each, with so many standbys, and all know where."""

    def is_there() -> bool:
        told = [each.told() for each in instances]
        active = [task for each in told for task in each.active]
        count = sum(len(each.standby) for each in told)
        is_running = all(each.state == "RUNNING" for each in told)
        is_known = all(len(each.hosts) == len(instances) for each in told)
        is_once = len(active) == len(set(active)) == 8
        return is_running and is_known and is_once and count == standbys

    wait_for(is_there, lambda: [each.told() for each in instances])
