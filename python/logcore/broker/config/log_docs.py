"""What the broker's keys of logs, and the defaults of topics mean.

Invariant: every key of the table has its sentence, and no other.
Neighbours: `docs` reads these; `log_keys` is the table.
"""

from typing import Final

LOG_DOCS: Final = """
alter.config.policy.class.name: A Java class that may refuse changes of settings.
auto.create.topics.enable: Whether a topic is created when a client asks for one that is not
    there.
background.threads: How many threads do chores such as retention and flushing.
compression.gzip.level: The level at which a topic whose compression.type is gzip is compressed;
    -1 for the codec's own default.
compression.lz4.level: The level at which a topic whose compression.type is lz4 is compressed.
compression.type: The codec that batches are stored with: one of them by name, uncompressed, or
    producer to keep what the producer chose.
compression.zstd.level: The level at which a topic whose compression.type is zstd is compressed.
cordoned.log.dirs: Log directories that get no new partitions.
create.topic.policy.class.name: A Java class that may refuse new topics.
default.replication.factor: How many replicas a topic gets where its creation does not say,
    automatic creation included.
delete.records.purgatory.purge.interval.requests: How many waiting DeleteRecords requests are
    gathered before finished ones are cleared away.
delete.topic.enable: Whether topics can be deleted.
log.cleaner.backoff.ms: How long compaction rests when no log is due.
log.cleaner.dedupe.buffer.size: How much memory all compaction threads together use to tell keys
    apart.
log.cleaner.delete.retention.ms: How long tombstones of compacted topics stay, so that a reader
    from the start sees the deletions.
log.cleaner.enable: Whether logs are compacted at all; without it compacted topics grow without
    end, consumer offsets among them.
log.cleaner.io.buffer.load.factor: How full the buffer that tells keys apart may get.
log.cleaner.io.buffer.size: How much memory all compaction threads together use to read and write.
log.cleaner.io.max.bytes.per.second: How many bytes a second compaction reads and writes at most.
log.cleaner.max.compaction.lag.ms: How long a record may stay before its log must be compacted.
log.cleaner.min.cleanable.ratio: Which part of a log must be new before it is compacted.
log.cleaner.min.compaction.lag.ms: How long a record stays at least before it may be compacted
    away.
log.cleaner.threads: How many threads compact logs.
log.cleanup.policy: What happens to old segments: delete by time and size, compact to the newest
    record of each key, both, or neither where the list is empty.
log.dir: The log directory, or several, where log.dirs does not say.
log.dir.failure.timeout.ms: How long the broker may fail to tell the controller of a broken log
    directory before it stops.
log.dirs: The log directories; a new partition goes to the one with the fewest.
log.flush.interval.messages: After how many records a partition is flushed to disk, the
    acknowledgement waiting for it; 1 survives a power loss without a gap.
log.flush.interval.ms: After how long at most records are flushed to disk; without a value
    log.flush.scheduler.interval.ms holds.
log.flush.offset.checkpoint.interval.ms: How often the offsets up to which logs are safely on disk
    are written down.
log.flush.scheduler.interval.ms: How often it is looked whether a log must be flushed.
log.flush.start.offset.checkpoint.interval.ms: How often the offsets at which logs begin are
    written down.
log.index.interval.bytes: After how many bytes of records the offset index gets an entry.
log.index.size.max.bytes: The largest size of an offset index.
log.initial.task.delay.ms: How long after the start the first chores on logs begin.
log.message.timestamp.after.max.ms: How far a record's timestamp may lie ahead of the broker's
    clock.
log.message.timestamp.before.max.ms: How far a record's timestamp may lie behind the broker's
    clock.
log.message.timestamp.type: Whether records keep the timestamp that the producer gave (CreateTime)
    or get that of the append (LogAppendTime).
log.preallocate: Whether the file of a new segment takes its whole size on disk at once.
log.retention.bytes: How large a partition may grow before its oldest segments are deleted; -1 for
    no limit.
log.retention.check.interval.ms: How often it is looked whether segments must be deleted.
log.retention.hours: How many hours records are kept, where log.retention.minutes and
    log.retention.ms do not say.
log.retention.minutes: How many minutes records are kept, where log.retention.ms does not say.
log.retention.ms: How many milliseconds records are kept; -1 for ever.
log.roll.hours: After how many hours at most a new segment is begun, where log.roll.ms does not
    say.
log.roll.jitter.hours: How many hours earlier a segment may be ended at random, where
    log.roll.jitter.ms does not say.
log.roll.jitter.ms: How many milliseconds earlier a segment may be ended, at random, so that not
    all are ended at once.
log.roll.ms: After how many milliseconds at most a new segment is begun.
log.segment.bytes: The largest size of a segment's file.
log.segment.delete.delay.ms: How long the files of a deleted segment stay, renamed, for readers
    that still have them.
message.max.bytes: The largest batch of records that is taken, as it arrives, compressed or not.
min.insync.replicas: How many replicas must be in sync for a write with acks=all to be taken.
num.partitions: How many partitions a topic gets where its creation does not say, automatic
    creation included.
num.recovery.threads.per.data.dir: How many threads open the logs of each directory at the start.
producer.id.expiration.check.interval.ms: How often it is looked for producers that have been
    silent for too long.
producer.id.expiration.ms: After how long of silence a partition forgets an idempotent producer; a
    retry after that is not recognised.
unclean.leader.election.enable: Whether a replica that is not in sync may become leader where
    there is no other, at the price of lost records.
"""
