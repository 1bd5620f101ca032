"""Java programs of our own tests over Apache Kafka's jars: compiled once on a machine, then run.

Invariant: a program that has changed is compiled anew; what another run compiled is there as a
whole or not at all.
Neighbours: `streams_application` and `test_streams_assignor` have such programs beside them.
"""

import hashlib
import os
import subprocess
from functools import cache
from pathlib import Path

from tests.peers import first_use
from tests.peers.kafka.jars import kafka_classpath
from tests.peers.kafka.programs import LOGGING, SHORT_LIVED


@cache
def compiled(program: Path) -> Path:
    """Compile a program, and return where its classes are."""
    digest = hashlib.sha256(program.read_bytes()).hexdigest()[:12]
    classpath = kafka_classpath()
    with first_use() as home:
        classes = home / "kafka" / f"{program.stem}-{digest}"
        if not classes.exists():
            draft = classes.with_name(f"{classes.name}.{os.getpid()}")
            javac = ["javac", "-cp", classpath, "-d", str(draft), str(program)]
            subprocess.run(javac, check=True)
            draft.rename(classes)
    return classes


def java_command(program: Path, *arguments: object) -> list[str]:
    """Return the command line that runs a program."""
    logging = f"-Dlog4j2.configurationFile={LOGGING}"
    classpath = f"{compiled(program)}{os.pathsep}{kafka_classpath()}"
    java = ["java", *SHORT_LIVED, logging, "-cp", classpath, program.stem]
    return [*java, *map(str, arguments)]
