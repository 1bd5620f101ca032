"""Consumers: of partitions read in order, with offsets committed; of topics shared as queues.

Invariant: what is committed, or accepted, was handed out before. A consumer hands the records of a
partition out in their order; a share consumer those that it acquired at once.
Neighbours: `logcore.client` reaches the brokers; `logcore.record.decoding` reads the batches.
"""
