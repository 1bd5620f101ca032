"""Golden bytes of messages: `python -m tests.protocol.peers.golden` asks Kafka and writes them.

The file keeps what Kafka answered, bytes and values, so that machines without Java check against
it too: of each message its first and its last version.
Invariant: written only if Kafka writes the same bytes as we do.
Neighbours: `tests/protocol/test_golden.py` reads the file.
"""

import json
import sys
from pathlib import Path

from tests.protocol.catalogue import Values, message_classes
from tests.protocol.peers.echo import echoed, kafka_name

FILE = Path(__file__).parents[2] / "golden" / "messages.jsonl"


class SmallValues(Values):
    """Values that a reader of the file can take in."""

    texts = ("", "a", "topic", "\N{LATIN SMALL LETTER E WITH ACUTE}")
    blobs = (0, 1, 3)
    counts = (1, 2)


def cases():
    """Each message's first and last version, and a message."""
    for cls in message_classes():
        for version in sorted(set(cls.VERSIONS)):
            values = SmallValues((cls.__name__, version, "golden"), plain=True)
            yield cls, version, values.message(cls, version).encode_bytes(version)


def main():
    """Write the file."""
    asked = list(cases())
    lines = [f"{kafka_name(cls)} {version} {data.hex()} {version}" for cls, version, data in asked]
    with FILE.open("w", encoding="utf-8") as file:
        for (cls, version, data), answer in zip(asked, echoed(lines), strict=True):
            written, _, told = answer.partition(" ")
            assert written == data.hex(), f"{cls.__name__} version {version}: {answer}"
            line = [cls.__module__, cls.__name__, version, written, json.loads(told)]
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.write(f"wrote {FILE}\n")


if __name__ == "__main__":
    main()
