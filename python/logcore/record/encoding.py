"""From records to batches: what a producer encodes with, once and natively.

Invariant: a record is encoded into the batch it leaves in; nothing encodes it a second time.
Neighbours: `logcore.producer` appends, takes batches and seals them; `decoding` is the way back.
"""

from logcore._native import ArrowColumn, Delivery, ProduceBatch, RecordAccumulator

__all__ = ["ArrowColumn", "Delivery", "ProduceBatch", "RecordAccumulator"]
