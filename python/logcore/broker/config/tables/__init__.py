"""The rows: every key of Apache Kafka 4.3.1, and logcore's few own, by subject.

Invariant: rows and nothing else; names, types, defaults, ranges and importance are Apache Kafka's.
Neighbours: `broker_keys` joins them into tables.
"""
