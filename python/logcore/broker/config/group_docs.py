"""What the keys of a group mean.

Invariant: every key of the table has its sentence, and no other.
Neighbours: `docs` reads these; `group_keys` is the table.
"""

from typing import Final

GROUP_DOCS: Final = """
consumer.assignment.interval.ms: How long at least lies between two assignments of a consumer
    group; 0 for none.
consumer.heartbeat.interval.ms: How often members of a consumer group are told to report.
consumer.session.timeout.ms: After how long of silence a member of a consumer group is taken for
    gone.
share.assignment.interval.ms: How long at least lies between two assignments of a share group; 0
    for none.
share.auto.offset.reset: Where a share group begins: at the latest or earliest record, or at a
    duration ago.
share.delivery.count.limit: How often a record is handed out before it is given up.
share.heartbeat.interval.ms: How often members of a share group are told to report.
share.isolation.level: Whether a share group gets records of aborted transactions
    (read_uncommitted) or not.
share.partition.max.record.locks: How many records of one partition may be handed out and not yet
    acknowledged.
share.record.lock.duration.ms: How long a member has a record to itself before it is handed out
    again.
share.renew.acknowledge.enable: Whether a member may ask for more time with a record.
share.session.timeout.ms: After how long of silence a member of a share group is taken for gone.
streams.assignment.interval.ms: How long at least lies between two assignments of a streams group;
    0 for none.
streams.heartbeat.interval.ms: How often members of a streams group are told to report.
streams.initial.rebalance.delay.ms: How long a new streams group waits for more members before its
    first assignment.
streams.num.standby.replicas: How many spare copies of its state each task of a streams group
    keeps.
streams.session.timeout.ms: After how long of silence a member of a streams group is taken for
    gone.
"""
