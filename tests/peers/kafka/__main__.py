"""Apache Kafka by hand: `python -m tests.peers.kafka COMMAND ...`.

Commands: `classpath` prints the jars; `start DIRECTORY [PORT] [KEY=VALUE ...]` runs a broker until
interrupted; any other is one of Kafka's tools, which gets the rest of the line.
"""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from tests.peers.kafka import TOOLS, kafka_classpath, running_kafka
from tests.peers.kafka.programs import SHORT_LIVED, java_command


def start(directory: str, *arguments: str) -> None:
    """Run a broker until this process is interrupted or terminated."""
    port = next((int(argument) for argument in arguments if "=" not in argument), None)
    config = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    data = Path(directory).resolve()
    data.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), running_kafka(data, port, config) as broker:
        print(f"{broker.bootstrap} keeps its data in {broker.log_dir}; interrupt to stop")
        broker.process.wait()


def main(command: str = "help", *arguments: str) -> None:
    """Run one command."""
    if command == "classpath":
        print(kafka_classpath())
    elif command == "start" and arguments:
        start(*arguments)
    elif command in TOOLS:
        program = java_command(TOOLS[command], arguments, SHORT_LIVED)
        os.execvp(program[0], program)
    else:
        sys.exit(f"{__doc__}\nTools: {' '.join(TOOLS)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
