"""Records: what a log holds and every client speaks of.

Invariant: a record is a value; it knows no log and no network.
Neighbours: `logcore._native` makes them; `logcore.log` and the clients hand them out; `encoding`
and `decoding` are what producers and consumers need to put them into batches and take them out.
"""

from logcore._native import ConsumerRecord as ConsumerRecord
from logcore._native import Record as Record
from logcore._native import RecordMetadata as RecordMetadata

__all__ = ["ConsumerRecord", "Record", "RecordMetadata"]
