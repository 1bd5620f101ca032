"""What one thread can do at most for requests without batches, shown by a server in C.

It only reads, writes to a file, and answers: `python -m benches.broker.bare` prints how often;
nothing else may run.
Neighbours: bare.c is the server; `raw` has the load.
"""

import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benches.broker.raw import PRODUCE_VERSION, compiled, pushed
from logcore.protocol.messages.produce import (
    PartitionProduceResponse,
    ProduceResponse,
    TopicProduceResponse,
)

TOPIC: Final = "singles"
SECONDS: Final = 5.0
NO_ID: Final = bytes(4)


def answer() -> bytes:
    """Return an answer with its length that says that a record is there."""
    partition = PartitionProduceResponse(index=0, base_offset=0)
    topic = TopicProduceResponse(name=TOPIC, partition_responses=[partition])
    body = NO_ID + ProduceResponse(responses=[topic]).encode_bytes(PRODUCE_VERSION)
    return struct.pack(">i", len(body)) + body


@contextmanager
def bare_server() -> Iterator[str]:
    """Run the server until the block ends."""
    with tempfile.TemporaryDirectory() as directory:
        told = Path(directory) / "answer"
        told.write_bytes(answer())
        command = [compiled("bare"), Path(directory) / "requests", told]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None, "it is a pipe"
                yield f"127.0.0.1:{int(server.stdout.readline())}"
            finally:
                server.kill()


def main() -> None:
    """Print answers a second."""
    with bare_server() as bootstrap:
        for connections in (1, 64):
            rate = pushed(bootstrap, TOPIC, connections, SECONDS)
            print(f"one record a request, {connections:2} connection(s): {rate:,.0f} a second")


if __name__ == "__main__":
    main()
