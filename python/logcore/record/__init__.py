"""Records: what a log holds and every client speaks of.

Invariant: a record is a value; it knows no log and no network.
Neighbours: `logcore._native` makes them; `logcore.log` and the clients hand them out.
"""

from logcore._native import Record as Record

__all__ = ["Record"]
