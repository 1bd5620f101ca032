"""What the broker's keys of replicas, and traffic between brokers mean.

Invariant: every key of the table has its sentence, and no other.
Neighbours: `docs` reads these; `replication_keys` is the table.
"""

from typing import Final

REPLICATION_DOCS: Final = """
add.partitions.to.txn.retry.backoff.max.ms: The longest wait before adding partitions to a
    transaction is tried again on the broker.
add.partitions.to.txn.retry.backoff.ms: How long to wait before adding partitions to a transaction
    is tried again on the broker.
alter.log.dirs.replication.quota.window.num: How many past windows the quota on moves between log
    directories looks at.
alter.log.dirs.replication.quota.window.size.seconds: How long each of those windows is.
controlled.shutdown.enable: Whether a stopping broker hands its leaderships over first.
follower.replication.throttled.rate: How many bytes a second this broker may fetch as a follower,
    for the replicas that topics name as throttled.
leader.replication.throttled.rate: How many bytes a second this broker may send as a leader, for
    the replicas that topics name as throttled.
num.replica.alter.log.dirs.threads: How many threads move partitions between log directories.
num.replica.fetchers: How many threads fetch from each other broker.
replica.alter.log.dirs.io.max.bytes.per.second: How many bytes a second moves between log
    directories may take.
replica.fetch.backoff.ms: How long a follower waits after a failed fetch.
replica.fetch.max.bytes: How many bytes of one partition a follower fetches at a time; a single
    larger batch is still fetched.
replica.fetch.min.bytes: How many bytes a follower wants at least before it is answered.
replica.fetch.response.max.bytes: How many bytes a follower fetches at a time in all.
replica.fetch.wait.max.ms: How long a follower's fetch waits at most.
replica.high.watermark.checkpoint.interval.ms: How often high watermarks are written down.
replica.lag.time.max.ms: After how long without having caught up a follower is no longer in sync.
replica.selector.class: A Java class that chooses the replica which a consumer reads from.
replica.socket.receive.buffer.bytes: The system's receive buffer of a follower's connection to its
    leader.
replica.socket.timeout.ms: How long a follower's request waits for its answer.
replication.quota.window.num: How many past windows the quota on replication looks at.
replication.quota.window.size.seconds: How long each of those windows is.
"""
