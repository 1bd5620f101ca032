"""The broker's demo, on a small file of flights; the kill, the recovery and the counts are real."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_demo_loses_and_doubles_nothing(few_flights):
    pytest.importorskip("confluent_kafka")
    command = [sys.executable, "-m", "examples.broker_flights", "--csv", str(few_flights)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^killed: .* with 1\d,\d{3} flights acknowledged$", done.stdout, re.MULTILINE)
    assert "created flights" in done.stdout
    assert re.search(r"^lag drained: .*\b0 in ", done.stdout, re.MULTILINE)
    assert "UA   6,667" in done.stdout
