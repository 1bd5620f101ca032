"""Apicurio Registry by hand: `python -m tests.peers.apicurio DIRECTORY [PORT]`."""

import signal
import sys
from contextlib import suppress
from pathlib import Path

from tests.peers.apicurio import running_registry


def main(directory: str, port: str | None = None) -> None:
    """Run a registry until this process is interrupted or terminated."""
    place = Path(directory).resolve()
    place.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    number = None if port is None else int(port)
    with suppress(KeyboardInterrupt), running_registry(place, number) as registry:
        print(f"{registry.url} keeps its schemas in memory; interrupt to stop")
        registry.process.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
