"""The standard streams of the program, where a shell closed one or one cannot be written.

Invariant: a command finds all three open; what cannot be written any more is dropped, once that was
told, rather than tried again when the program ends.
Neighbours: `main` is the user; `output` prints.
"""

import os
import sys


def open_missing() -> None:
    """Have nothing read, and what is written dropped, where a shell closed a stream (`>&-`)."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # It lives as long as the program, for which pathlib would be imported only here.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def drop_unwritable() -> None:
    """Have what is left to write go nowhere, where it cannot be written."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
