"""The transaction coordinator: producers by transactional id, and how their transactions end.

Neighbours: `coordinator.runtime` runs its shards; the broker's handlers call `service`, and
`broker.transaction_markers` writes what ends a transaction into its partitions.
"""
