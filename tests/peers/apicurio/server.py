"""A registry on this machine, for as long as a `with` block, with its schemas in memory.

Invariant: when the block ends no process is left. It needs a newer Java than Apache Kafka does, and
looks for one wherever one is usually installed.
"""

import os
import re
import shutil
import signal
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tests.peers import first_use
from tests.peers.kafka.broker import free_port

VERSION: Final = "3.3.3"
JAVA_MIN: Final = 21
START_S: Final = 120
STOP_S: Final = 20
API: Final = "/apis/ccompat/v7"
GOAL: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
# It lives for a minute or so: start quickly rather than run fast.
OPTIONS: Final = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


@dataclass(frozen=True)
class Registry:
    """A running registry."""

    url: str
    """The address of Confluent's API in it."""
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Stop it; a second call does nothing."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def javas() -> Iterator[Path]:
    """Yield the Javas that may be on this machine."""
    homes = [value for name, value in os.environ.items() if name.startswith("JAVA_HOME")]
    yield from (Path(home) / "bin" / "java" for home in homes)
    yield from sorted(Path("/usr/lib/jvm").glob("*/bin/java"), reverse=True)
    if found := shutil.which("java"):
        yield Path(found)


@cache
def new_java() -> Path | None:
    """Return a Java that is new enough, if there is one."""
    for java in javas():
        if not java.is_file():
            continue
        shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
        found = re.search(r'version "(\d+)', shown.stderr)
        if found is not None and int(found[1]) >= JAVA_MIN:
            return java
    return None


@cache
def why_absent() -> str | None:
    """Say what this machine lacks to run it, or None."""
    if new_java() is None:
        return f"there is no Java {JAVA_MIN} or newer (Apicurio Registry needs it)"
    if shutil.which("mvn") is None:
        return "mvn is not installed (Apicurio Registry comes by Maven)"
    return None


def installed() -> Path:
    """Return the folder it is in; the first call on a machine downloads it.

    Raises:
        RuntimeError: If Maven cannot fetch it.
    """
    with first_use() as home:
        app = home / "apicurio" / f"app-{VERSION}"
        if not (app / ".done").exists():
            fetch(app)
    return app


def fetch(app: Path) -> None:
    """Have Maven fetch the registry."""
    draft = app.with_name(f"{app.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    artifact = f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all"
    options = [f"-Dartifact={artifact}", f"-DoutputDirectory={draft}"]
    command = ["mvn", "--quiet", "--batch-mode", GOAL, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"Maven cannot fetch Apicurio Registry:\n{done.stdout}{done.stderr}")
    archive = next(draft.glob("*.tar.gz"))
    with tarfile.open(archive) as packed:
        packed.extractall(draft, filter="data")
    archive.unlink()
    (draft / ".done").touch()
    draft.rename(app)


@contextmanager
def running_registry(directory: Path, port: int | None = None) -> Iterator[Registry]:
    """Start a registry; stop it when the block ends.

    Args:
        directory: An existing folder, for what it prints.
        port: The port on the loopback interface; a free one if None.

    Raises:
        RuntimeError: If it does not start; the message has the end of what it printed.
    """
    port = port or free_port()
    settings = {
        "quarkus.http.host": "127.0.0.1",
        "quarkus.http.port": port,
        "quarkus.management.host": "127.0.0.1",
        "quarkus.management.port": free_port(),
        "apicurio.storage.kind": "sql",
        "apicurio.storage.sql.kind": "h2",
        "apicurio.datasource.url": f"jdbc:h2:mem:registry-{port}",
    }
    told = [f"-D{name}={value}" for name, value in settings.items()]
    java = new_java()
    assert java is not None, why_absent()
    command = [str(java), *OPTIONS, *told, "-jar", str(installed() / "quarkus-run.jar")]
    output = directory / "registry.out"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            command, cwd=directory, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT
        )
    registry = Registry(f"http://127.0.0.1:{port}{API}", process)
    try:
        wait_until_answering(registry, output)
        yield registry
    finally:
        registry.stop()


def wait_until_answering(registry: Registry, output: Path) -> None:
    """Return when the registry answers."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(f"{registry.url}/subjects", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if registry.process.poll() is not None or time.monotonic() > deadline:
                tail = output.read_text(errors="replace")[-4000:]
                raise RuntimeError(f"Apicurio Registry did not start:\n{tail}") from None
        time.sleep(0.1)
