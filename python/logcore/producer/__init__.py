"""The producer: records in, batches out, and what became of each.

Invariant: a record is encoded once; an acknowledged one is in the log, and with idempotence exactly
once, whatever happens to connections meanwhile.
Neighbours: `logcore.client` reaches the brokers; `logcore.record.encoding` builds the batches.
"""
