"""What the keys of a topic mean.

Invariant: every key of the table has its sentence, and no other.
Neighbours: `docs` reads these; `topic_keys` is the table.
"""

from typing import Final

TOPIC_DOCS: Final = """
cleanup.policy: What happens to old segments: delete by time and size, compact to the newest
    record of each key, both, or neither where the list is empty.
compression.gzip.level: The level at which batches are compressed where compression.type is gzip;
    -1 for the codec's own default.
compression.lz4.level: The level at which batches are compressed where compression.type is lz4.
compression.type: The codec that batches are stored with: one of them by name, uncompressed, or
    producer to keep what the producer chose.
compression.zstd.level: The level at which batches are compressed where compression.type is zstd.
delete.retention.ms: How long tombstones of a compacted topic stay, so that a reader from the
    start sees the deletions.
file.delete.delay.ms: How long the files of a deleted segment stay, renamed, for readers that
    still have them.
flush.messages: After how many records a partition is flushed to disk, the acknowledgement waiting
    for it; 1 survives a power loss without a gap.
flush.ms: After how long at most records are flushed to disk.
follower.replication.throttled.replicas: The replicas whose fetching is throttled, as
    PARTITION:BROKER, or * for all.
index.interval.bytes: After how many bytes of records the offset index gets an entry.
internal.segment.bytes: Another segment.bytes, without its lower limit, for tests.
leader.replication.throttled.replicas: The replicas whose sending is throttled, as
    PARTITION:BROKER, or * for all.
local.retention.bytes: How much of a partition with remote copies stays on the local disk; -2 for
    retention.bytes.
local.retention.ms: How long records with remote copies stay on the local disk; -2 for
    retention.ms.
max.compaction.lag.ms: How long a record may stay before its log must be compacted.
max.message.bytes: The largest batch of records that is taken, as it arrives, compressed or not.
message.timestamp.after.max.ms: How far a record's timestamp may lie ahead of the broker's clock.
message.timestamp.before.max.ms: How far a record's timestamp may lie behind the broker's clock.
message.timestamp.type: Whether records keep the timestamp that the producer gave (CreateTime) or
    get that of the append (LogAppendTime).
min.cleanable.dirty.ratio: Which part of a log must be new before it is compacted.
min.compaction.lag.ms: How long a record stays at least before it may be compacted away.
min.insync.replicas: How many replicas must be in sync for a write with acks=all to be taken.
preallocate: Whether the file of a new segment takes its whole size on disk at once.
remote.log.copy.disable: Whether a topic with remote copies stops making new ones.
remote.log.delete.on.disable: Whether remote copies are deleted when the topic has none any more.
remote.storage.enable: Whether older segments move to remote storage.
retention.bytes: How large a partition may grow before its oldest segments are deleted; -1 for no
    limit.
retention.ms: How long records are kept; -1 for ever.
segment.bytes: The largest size of a segment's file.
segment.index.bytes: The largest size of an offset index.
segment.jitter.ms: How much earlier a segment may be ended, at random, so that not all are ended
    at once.
segment.ms: After how long at most a new segment is begun.
unclean.leader.election.enable: Whether a replica that is not in sync may become leader where
    there is no other, at the price of lost records.
"""
