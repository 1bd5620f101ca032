"""Kafka's jars: resolved by Maven once, remembered as a Java class path.

Invariant: the remembered path belongs to the `pom.xml` it was resolved from (its digest is in the
name) and every jar on it exists.
"""

import hashlib
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from tests.peers import first_use

POM: Final = Path(__file__).with_name("pom.xml")
GOAL: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath"
JAVA_MIN: Final = 17


@cache
def why_absent() -> str | None:
    """Say what this machine lacks to run Kafka, or None."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            return f"{program} is not installed (Apache Kafka needs Java {JAVA_MIN} and Maven)"
    shown = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    found = re.search(r'version "(\d+)', shown)
    if found is None or int(found[1]) < JAVA_MIN:
        return f"Java {found[1] if found else '?'} is too old (Apache Kafka needs {JAVA_MIN})"
    return None


@cache
def kafka_classpath() -> str:
    """Return the class path of Kafka's jars; the first call on a machine downloads them.

    Raises:
        RuntimeError: If Java or Maven is missing, or Maven cannot resolve the jars.
    """
    reason = why_absent()
    if reason:
        raise RuntimeError(reason)
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    with first_use() as home:
        remembered = home / "kafka" / f"classpath-{digest}"
        if remembered.is_file():
            classpath = remembered.read_text()
            if all(Path(jar).is_file() for jar in classpath.split(os.pathsep)):
                return classpath
        return resolve(remembered)


def resolve(remembered: Path) -> str:
    """Have Maven resolve the jars, and remember the result for the next run."""
    remembered.parent.mkdir(parents=True, exist_ok=True)
    draft = remembered.with_name(f"{remembered.name}.{os.getpid()}")
    options = [f"-Dmdep.outputFile={draft}", "-Dmdep.includeScope=runtime"]
    command = ["mvn", "--quiet", "--batch-mode", "--file", str(POM), GOAL, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"Maven cannot resolve Kafka's jars:\n{done.stdout}{done.stderr}")
    draft.replace(remembered)
    return remembered.read_text()
