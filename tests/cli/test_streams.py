"""Streams that a shell closed are there all the same; those that are full lose what they have."""

import sys
from pathlib import Path

import pytest

from logcore.cli.streams import drop_unwritable, open_missing


def test_what_is_closed_is_opened(monkeypatch):
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    open_missing()
    opened = (sys.stdin, sys.stdout, sys.stderr)
    assert sys.stdin.buffer.read() == b""
    for stream in (sys.stdout, sys.stderr):
        stream.write("to nobody")
        stream.flush()
    open_missing()
    assert (sys.stdin, sys.stdout, sys.stderr) == opened
    for stream in opened:
        stream.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no stream is full here")
def test_what_cannot_be_written_is_dropped(monkeypatch):
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        full.write("too much")
        with pytest.raises(OSError, match="No space"):
            full.flush()
        drop_unwritable()
        full.flush()
