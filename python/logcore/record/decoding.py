"""From batches to records: what a consumer decodes with, natively, record by record or in columns.

Invariant: bytes that were received are decoded where they lie; nothing decodes them a second time.
Neighbours: `logcore.consumer` iterates these; `encoding` is the way there.
"""

from logcore._native import ArrowBatches, Columns, FetchedRecords

__all__ = ["ArrowBatches", "Columns", "FetchedRecords"]
