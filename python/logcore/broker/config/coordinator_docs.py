"""What the broker's keys of consumer groups, their offsets, and transactions mean.

Invariant: every key of the table has its sentence, and no other.
Neighbours: `docs` reads these; `coordinator_keys` is the table.
"""

from typing import Final

COORDINATOR_DOCS: Final = """
group.consumer.assignment.interval.ms: How long at least lies between two assignments of a
    consumer group; 0 for none.
group.consumer.assignors: The assignors that a consumer group may ask for; the first is used where
    it does not ask.
group.consumer.heartbeat.interval.ms: How often members of a consumer group are told to report.
group.consumer.max.assignment.interval.ms: The largest consumer.assignment.interval.ms that a
    group may be given.
group.consumer.max.heartbeat.interval.ms: The largest consumer.heartbeat.interval.ms that a group
    may be given.
group.consumer.max.session.timeout.ms: The largest consumer.session.timeout.ms that a group may be
    given.
group.consumer.max.size: How many members one consumer group may have.
group.consumer.migration.policy: Which groups turn into the other kind when members of both
    protocols meet: upgrade classic ones, downgrade consumer groups, bidirectional, or disabled.
group.consumer.min.assignment.interval.ms: The smallest consumer.assignment.interval.ms that a
    group may be given.
group.consumer.min.heartbeat.interval.ms: The smallest consumer.heartbeat.interval.ms that a group
    may be given.
group.consumer.min.session.timeout.ms: The smallest consumer.session.timeout.ms that a group may
    be given.
group.consumer.regex.refresh.interval.ms: How often subscriptions by pattern are matched again
    with the topics that there are.
group.consumer.session.timeout.ms: After how long of silence a member of a consumer group is taken
    for gone.
group.coordinator.append.linger.ms: How long the coordinator gathers writes into one batch; -1 for
    as long as it takes to work through what has arrived.
group.coordinator.background.threads: How many threads do the coordinator's longer work, such as
    matching patterns.
group.coordinator.cached.buffer.max.bytes: The largest buffer that the coordinator keeps for its
    next write.
group.coordinator.rebalance.protocols: The protocols of groups that are served.
group.coordinator.threads: How many threads work for the coordinator.
group.initial.rebalance.delay.ms: How long a new classic group waits for more members before its
    first rebalance.
group.max.session.timeout.ms: The longest session timeout that a member of a classic group may ask
    for.
group.max.size: How many members one classic group may have.
group.min.session.timeout.ms: The shortest session timeout that a member of a classic group may
    ask for.
offset.metadata.max.bytes: How much text a committed offset may carry along.
offsets.commit.timeout.ms: How long a commit of offsets waits until it is written and replicated.
offsets.load.buffer.size: How many bytes at a time are read when offsets are loaded; a larger
    batch is still read.
offsets.retention.check.interval.ms: How often it is looked for offsets that have expired.
offsets.retention.minutes: How many minutes committed offsets outlive a group's last member, or
    the group's interest in their topic.
offsets.topic.compression.codec: The codec of the topic that holds committed offsets: 0 none, 1
    gzip, 2 snappy, 3 lz4, 4 zstd.
offsets.topic.num.partitions: How many partitions the topic of committed offsets gets; it must not
    change once groups exist.
offsets.topic.replication.factor: How many replicas the topic of committed offsets gets.
offsets.topic.segment.bytes: The segment size of the topic of committed offsets, small so that it
    loads and compacts quickly.
transaction.abort.timed.out.transaction.cleanup.interval.ms: How often it is looked for
    transactions that must be aborted because they took too long.
transaction.max.timeout.ms: The longest timeout that a transaction may ask for.
transaction.partition.verification.enable: Whether a partition asks the coordinator if a
    transaction really is under way before it takes the first record of it.
transaction.remove.expired.transaction.cleanup.interval.ms: How often it is looked for
    transactional ids that have expired.
transaction.state.log.load.buffer.size: How many bytes at a time are read when transactional ids
    are loaded.
transaction.state.log.min.isr: The min.insync.replicas of the topic of transactions.
transaction.state.log.num.partitions: How many partitions the topic of transactions gets; it must
    not change once transactional ids exist.
transaction.state.log.replication.factor: How many replicas the topic of transactions gets.
transaction.state.log.segment.bytes: The segment size of the topic of transactions.
transaction.two.phase.commit.enable: Whether producers may take part in transactions that an
    outside coordinator ends, without a timeout.
transactional.id.expiration.ms: After how long of silence a transactional id is forgotten.
"""
