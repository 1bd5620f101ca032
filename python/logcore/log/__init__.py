"""The embedded log: `Log`, its configuration and its views.

Invariant: nothing here knows of a network; sockets and brokers stand above this room.
Neighbours: `logcore._native` does the work; `logcore.cli` and `logcore.broker` are the users.
"""

from logcore._native import ArrowStream as ArrowStream
from logcore._native import BatchView as BatchView
from logcore._native import Columns as Columns
from logcore.log.log import Log as Log
from logcore.log.stat import CompactionReport as CompactionReport
from logcore.log.stat import LogStat as LogStat
from logcore.log.stat import RecoveryReport as RecoveryReport
from logcore.log.stat import VerifyReport as VerifyReport

__all__ = [
    "ArrowStream",
    "BatchView",
    "Columns",
    "CompactionReport",
    "Log",
    "LogStat",
    "RecoveryReport",
    "VerifyReport",
]
