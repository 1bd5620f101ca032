"""The share coordinator (KIP-932): how far each share group is in each partition, durably.

Invariant: what was answered is in ``__share_group_state``; the state is what replay of it makes.
Neighbours: `service` is the door; the group coordinator and the partitions of share groups call it.
"""
