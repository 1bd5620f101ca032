"""The broker: Kafka's protocol served from the logs, groups and metadata of the rooms below.

Invariant: this is the only room where replication, coordinators and controller meet; they know
each other through Protocols, and `server` puts them together.
Neighbours: `network` brings frames in and takes buffers out; `cli` and `testing` start a broker.
"""
