"""The client core: connections, the view of a cluster, retries; all that every client shares.

Invariant: a broker is reached over the wire only. What decides (`pipeline`, `api_ranges`,
`cluster_view`, `backoff`) opens no socket; `connection` and `cluster` perform, on one event loop.
Neighbours: `logcore.producer`, `logcore.consumer` and `logcore.admin` stand on this; `loop_thread`
and `blocking` make their synchronous twins.
"""
