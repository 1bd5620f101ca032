"""Share groups (KIP-932), as far as groups go: members, targets, and which state is begun.

Several members of a share group may have the same partition, so nobody waits for anybody: a member
has its target as soon as it hears of it. What was delivered is the share coordinator's business.
Invariant: as of all groups, what is durable changes in replay alone.
Neighbours: `protocol` serves one shard; `service` brings the two coordinators together.
"""
