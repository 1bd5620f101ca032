"""The consumer: partitions assigned or subscribed to, read in order, with offsets committed.

Invariant: a record is handed out in the order of its partition, and never before the one below it;
a position that is committed is past what was handed out.
Neighbours: `logcore.client` reaches the brokers; `logcore.record.decoding` reads the batches.
"""
