"""The demo, on a small file of flights; the kill, the recovery and the counts are real."""

import re
import subprocess
import sys
from pathlib import Path

FLIGHTS = Path(__file__).parents[2] / "examples" / "flights.py"


def run(*arguments):
    command = [sys.executable, "-W", "error", str(FLIGHTS), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_demo_recovers_and_agrees_with_its_input(few_flights, tmp_path):
    done = run(tmp_path / "flights-0", "--csv", few_flights)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^killed: .* with 1\d,\d{3} records acknowledged$", done.stdout, re.MULTILINE)
    assert "UA   6,667" in done.stdout


def test_a_log_that_disagrees_is_reported(few_flights, tmp_path):
    directory = tmp_path / "flights-0"
    assert run(directory, "--csv", few_flights, "--limit", "9000").returncode == 0
    done = run(directory, "--csv", few_flights)
    assert done.returncode == 1
    assert "WRONG" in done.stderr
