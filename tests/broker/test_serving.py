"""A broker as a process: ready, then a signal, then an end in order."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.broker.running import settings_of

PROGRAM = """
import gc, os, signal, sys
from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.serving import run

def ready(started):
    print(started.listeners[0], gc.isenabled(), gc.get_freeze_count() > 10_000, flush=True)
    os.kill(os.getpid(), int(sys.argv[1]))

gc.disable()
run(BrokerConfig(eval(sys.argv[2])), ready)
print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [2, 15])
def test_it_serves_until_a_signal(tmp_path: Path, number: int):
    settings = repr(settings_of(tmp_path))
    command = [sys.executable, "-c", PROGRAM, str(number), settings]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    assert first.startswith("PLAINTEXT://127.0.0.1:")
    assert first.endswith("True True")
    assert last == "ended"


def test_it_does_not_run_without_its_asserts(tmp_path: Path):
    settings = repr(settings_of(tmp_path))
    command = [sys.executable, "-O", "-c", PROGRAM, "15", settings]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "does not run under python -O" in done.stderr
