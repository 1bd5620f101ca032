"""What the broker's keys of share groups and streams groups mean.

Invariant: every key of the table has its sentence, and no other.
Neighbours: `docs` reads these; `share_keys` is the table.
"""

from typing import Final

SHARE_DOCS: Final = """
group.share.assignment.interval.ms: How long at least lies between two assignments of a share
    group; 0 for none.
group.share.assignors: The assignors of share groups.
group.share.delivery.count.limit: How often a record is handed out before it is given up.
group.share.heartbeat.interval.ms: How often members of a share group are told to report.
group.share.initialize.retry.interval.ms: How long to wait before setting up a share group's
    partitions is tried again.
group.share.max.assignment.interval.ms: The largest share.assignment.interval.ms that a group may
    be given.
group.share.max.delivery.count.limit: The largest share.delivery.count.limit that a group may be
    given.
group.share.max.heartbeat.interval.ms: The largest share.heartbeat.interval.ms that a group may be
    given.
group.share.max.partition.max.record.locks: The largest share.partition.max.record.locks that a
    group may be given.
group.share.max.record.lock.duration.ms: The largest share.record.lock.duration.ms that a group
    may be given.
group.share.max.session.timeout.ms: The largest share.session.timeout.ms that a group may be
    given.
group.share.max.share.sessions: How many share sessions the broker keeps.
group.share.max.size: How many members one share group may have.
group.share.min.assignment.interval.ms: The smallest share.assignment.interval.ms that a group may
    be given.
group.share.min.delivery.count.limit: The smallest share.delivery.count.limit that a group may be
    given.
group.share.min.heartbeat.interval.ms: The smallest share.heartbeat.interval.ms that a group may
    be given.
group.share.min.partition.max.record.locks: The smallest share.partition.max.record.locks that a
    group may be given.
group.share.min.record.lock.duration.ms: The smallest share.record.lock.duration.ms that a group
    may be given.
group.share.min.session.timeout.ms: The smallest share.session.timeout.ms that a group may be
    given.
group.share.partition.max.record.locks: How many records of one partition may be handed out and
    not yet acknowledged.
group.share.persister.class.name: A Java class that stores what share groups have acknowledged.
group.share.record.lock.duration.ms: How long a member has a record to itself before it is handed
    out again.
group.share.session.timeout.ms: After how long of silence a member of a share group is taken for
    gone.
group.streams.assignment.interval.ms: How long at least lies between two assignments of a streams
    group; 0 for none.
group.streams.heartbeat.interval.ms: How often members of a streams group are told to report.
group.streams.initial.rebalance.delay.ms: How long a new streams group waits for more members
    before its first assignment.
group.streams.max.assignment.interval.ms: The largest streams.assignment.interval.ms that a group
    may be given.
group.streams.max.heartbeat.interval.ms: The largest streams.heartbeat.interval.ms that a group
    may be given.
group.streams.max.session.timeout.ms: The largest streams.session.timeout.ms that a group may be
    given.
group.streams.max.size: How many members one streams group may have.
group.streams.max.standby.replicas: The largest streams.num.standby.replicas that a group may be
    given.
group.streams.min.assignment.interval.ms: The smallest streams.assignment.interval.ms that a group
    may be given.
group.streams.min.heartbeat.interval.ms: The smallest streams.heartbeat.interval.ms that a group
    may be given.
group.streams.min.session.timeout.ms: The smallest streams.session.timeout.ms that a group may be
    given.
group.streams.num.standby.replicas: How many spare copies of its state each task of a streams
    group keeps.
group.streams.session.timeout.ms: After how long of silence a member of a streams group is taken
    for gone.
share.coordinator.append.linger.ms: How long the share coordinator gathers writes into one batch;
    -1 for as long as it takes to work through what has arrived.
share.coordinator.cached.buffer.max.bytes: The largest buffer that the share coordinator keeps for
    its next write.
share.coordinator.cold.partition.snapshot.interval.ms: How often a snapshot is written of share
    state that no longer changes.
share.coordinator.load.buffer.size: How many bytes at a time are read when share state is loaded.
share.coordinator.snapshot.update.records.per.snapshot: How many changes of share state lie
    between two snapshots of it.
share.coordinator.state.topic.compression.codec: The codec of the topic of share state: 0 none, 1
    gzip, 2 snappy, 3 lz4, 4 zstd.
share.coordinator.state.topic.min.isr: The min.insync.replicas of the topic of share state.
share.coordinator.state.topic.num.partitions: How many partitions the topic of share state gets;
    it must not change once share groups exist.
share.coordinator.state.topic.prune.interval.ms: How often records of share state that nobody
    needs are deleted.
share.coordinator.state.topic.replication.factor: How many replicas the topic of share state gets.
share.coordinator.state.topic.segment.bytes: The segment size of the topic of share state.
share.coordinator.threads: How many threads work for the share coordinator.
share.coordinator.write.timeout.ms: How long a write of share state waits until it is replicated.
share.fetch.purgatory.purge.interval.requests: How many waiting share fetches are gathered before
    finished ones are cleared away.
"""
