"""Starting on the data directory of an Apache Kafka node: look, decide, and only then touch it.

`inspection` is the door: it says what was found, or refuses with what stands against it.
Invariant: until it has returned, and the `marker` is written, no byte of a directory has changed.
Neighbours: `directories`, `metadata` and `internal_topics` read; `checks` compares; `summary`
tells; `broker.storage` asks before it opens anything.
"""
