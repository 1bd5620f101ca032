"""What the broker's keys of older segments in remote storage mean.

Invariant: every key of the table has its sentence, and no other.
Neighbours: `docs` reads these; `tiered_keys` is the table.
"""

from typing import Final

TIERED_DOCS: Final = """
follower.fetch.last.tiered.offset.enable: Whether a new follower begins where the remote copies
    end, and not at the start of the log.
log.local.retention.bytes: How much of a partition with remote copies stays on the local disk; -2
    for log.retention.bytes.
log.local.retention.ms: How long records with remote copies stay on the local disk; -2 for
    log.retention.ms.
remote.fetch.max.wait.ms: How long a fetch waits for remote storage.
remote.list.offsets.request.timeout.ms: How long looking up an offset in remote storage may take.
remote.log.index.file.cache.total.size.bytes: How much disk the indexes fetched from remote
    storage may take.
remote.log.index.file.cache.ttl.ms: How long an index fetched from remote storage is kept unused.
remote.log.manager.copier.thread.pool.size: How many threads copy segments to remote storage.
remote.log.manager.copy.max.bytes.per.second: How many bytes a second copying to remote storage
    may take.
remote.log.manager.copy.quota.window.num: How many past windows the quota on copying looks at.
remote.log.manager.copy.quota.window.size.seconds: How long each of those windows is.
remote.log.manager.expiration.thread.pool.size: How many threads delete remote segments that have
    expired.
remote.log.manager.fetch.max.bytes.per.second: How many bytes a second reading from remote storage
    may take.
remote.log.manager.fetch.quota.window.num: How many past windows the quota on reading looks at.
remote.log.manager.fetch.quota.window.size.seconds: How long each of those windows is.
remote.log.manager.follower.thread.pool.size: How many threads follow what leaders copied.
remote.log.manager.task.interval.ms: How often it is looked for segments to copy or delete.
remote.log.manager.task.retry.backoff.max.ms: The longest wait before failed work on remote
    storage is tried again.
remote.log.manager.task.retry.backoff.ms: How long to wait before failed work on remote storage is
    tried again.
remote.log.manager.task.retry.jitter: Which part of that wait is random.
remote.log.manager.thread.pool.size: How many threads plan the work on remote storage.
remote.log.metadata.custom.metadata.max.bytes: How many bytes a storage plugin may add to a
    segment's metadata.
remote.log.metadata.manager.class.name: A Java class that keeps the metadata of remote segments.
remote.log.metadata.manager.class.path: Where that class is found.
remote.log.metadata.manager.impl.prefix: What that class's own keys begin with.
remote.log.metadata.manager.listener.name: The listener by which that class reaches the brokers.
remote.log.reader.max.pending.tasks: How many reads from remote storage may wait.
remote.log.reader.threads: How many threads read from remote storage.
remote.log.storage.manager.class.name: A Java class that copies segments to remote storage and
    back.
remote.log.storage.manager.class.path: Where that class is found.
remote.log.storage.manager.impl.prefix: What that class's own keys begin with.
remote.log.storage.system.enable: Whether older segments may move to remote storage.
"""
