"""Streams groups (KIP-1071): members that run tasks of one topology, which the coordinator assigns.

Invariant: a group changes in the replay of its records alone; what is called soft is computed anew
by whoever needs it. `protocol` and `requests` are the doors.
Neighbours: `shard` holds the protocol, `service` the requests; `assignor` and `configured` are
pure.
"""
