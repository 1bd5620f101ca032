"""Share groups on the side of the data (KIP-932): who holds which record, and what became of it.

`share_partition` decides, purely; `live` and `share_partitions` do what it decides, over the log of
the partition and the state kept by the share coordinator. `handlers.share_fetch` and
`handlers.share_acknowledge` are the doors.
"""
