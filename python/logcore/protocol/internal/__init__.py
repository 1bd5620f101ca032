"""What brokers write into topics and batches of their own, in Kafka's formats.

Invariant: names, versions, defaults and order of fields are Kafka's, so that Kafka's tools read
what we write, and we read what a Kafka left behind.
Neighbours: `coordinator_record` and `metadata_record` frame what the other modules declare.
"""
