"""SIGKILL of a broker under load: what it acknowledged is there, exactly once.

Neighbours: `kill_broker` does it, and prints the seed that repeats it.
"""

import os
import subprocess
import sys

KILLS = "10"


def test_nothing_acknowledged_is_lost() -> None:
    command = [sys.executable, "-m", "tests.crash.kill_broker", KILLS]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        command, env=environment, check=False, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert not done.returncode, done.stdout
    assert done.stdout.count("\nkill ") == int(KILLS), done.stdout
