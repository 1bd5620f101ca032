"""`make bench-broker`: contestants take turns, and the figures go to a file.

`python -m benches.broker [--rounds N] [--tiny] [--only NAME] OUTPUT.json`. On a quiet machine only:
nothing else may run. A turn takes about a minute.
"""

import argparse
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benches.broker.cases import FULL, TINY, figures
from benches.broker.clients import performance
from benches.broker.contestants import KAFKA, NULL, OURS, turn


def machine() -> str:
    """Say what the figures are measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")
    return f"Machine: {model}, {os.cpu_count()} CPUs; {platform.system()} {platform.release()}"


def main() -> None:
    """Run the rounds."""
    parser = argparse.ArgumentParser(description="The broker beside its rivals.")
    parser.add_argument("output", type=Path)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contestant")
    parser.add_argument("--tiny", action="store_true", help="only see that everything works")
    parser.add_argument("--only", action="append", help="a contestant, by the start of its name")
    parser.add_argument("--directory", type=Path, help="where the brokers keep their data")
    arguments = parser.parse_args()
    names = [
        name
        for name in (OURS, KAFKA, NULL)
        if not arguments.only or any(name.startswith(only) for only in arguments.only)
    ]
    performance()
    turns: list[dict[str, Any]] = []
    for number in range(arguments.rounds):
        for name in names:
            found = {}
            with turn(name, arguments.directory) as running:
                for case, figure in figures(running, TINY if arguments.tiny else FULL):
                    print(f"{number + 1} {name:20} {case:60} {figure:14,.3f}", flush=True)
                    found[case] = figure
            turns.append({"contestant": name, "figures": found})
    results = {
        "machine": machine(),
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "is_tiny": arguments.tiny,
        "turns": turns,
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
