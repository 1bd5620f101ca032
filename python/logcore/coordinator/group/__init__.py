"""The group coordinator: members, their assignments and their committed offsets.

Invariant: nothing here performs I/O or knows of an event loop; `runtime` does that.
Neighbours: `state` holds the groups of one partition, `shard` puts the protocols over it together,
`service` is what the broker calls.
"""
