"""What the broker's keys of the node's identity and the metadata's quorum mean.

Invariant: every key of the table has its sentence, and no other.
Neighbours: `docs` reads these; `quorum_keys` is the table.
"""

from typing import Final

QUORUM_DOCS: Final = """
auto.leader.rebalance.enable: Whether leadership moves back to preferred replicas by itself.
broker.heartbeat.interval.ms: How often a broker reports to the controller.
broker.id: The former name of node.id; both must be the same number where both are given.
broker.rack: Where the broker stands, so that replicas spread over racks and consumers read
    nearby.
broker.session.timeout.ms: After how long of silence the controller takes a broker for gone.
controller.listener.names: The listeners that belong to the controller and not to clients.
controller.performance.always.log.threshold.ms: How long an event of the controller may take
    before it is logged.
controller.performance.sample.period.ms: How often the controller logs its slowest events.
controller.quorum.append.linger.ms: How long the controller's leader gathers records before it
    writes them.
controller.quorum.auto.join.enable: Whether a controller joins the quorum by itself.
controller.quorum.bootstrap.servers: Where the controllers are found, as HOST:PORT.
controller.quorum.election.backoff.max.ms: The longest wait before another election after one
    without a winner.
controller.quorum.election.timeout.ms: How long a candidate waits for votes.
controller.quorum.fetch.max.bytes: How many bytes of metadata one fetch from the leader may bring.
controller.quorum.fetch.snapshot.max.bytes: How many bytes of a snapshot one fetch from the leader
    may bring.
controller.quorum.fetch.timeout.ms: How long a follower goes without a fetch from the leader
    before it stands for election.
controller.quorum.request.timeout.ms: How long a request between controllers waits for its answer.
controller.quorum.retry.backoff.ms: How long to wait before a failed request between controllers
    is tried again.
controller.quorum.voters: The controllers that vote, as ID@HOST:PORT.
controller.quota.window.num: How many past windows the quota on changes of topics looks at.
controller.quota.window.size.seconds: How long each of those windows is.
controller.socket.timeout.ms: How long a request to the controller waits for its answer.
initial.broker.registration.timeout.ms: How long a starting broker tries to register before it
    gives up.
internal.metadata.delete.delay.millis: How long deleted files of the metadata log stay.
internal.metadata.log.segment.bytes: Another segment size of the metadata log, for tests.
internal.metadata.max.batch.size.in.bytes: The largest batch of the metadata log.
leader.imbalance.check.interval.seconds: How often it is looked whether leadership should move
    back to preferred replicas.
metadata.log.dir: The directory of the metadata log; the first log directory where nothing is set.
metadata.log.max.record.bytes.between.snapshots: After how many bytes of new records a snapshot of
    the metadata is written.
metadata.log.max.snapshot.interval.ms: After how long a snapshot of the metadata is written if
    anything is new; 0 for never by time.
metadata.log.segment.bytes: The largest size of a segment of the metadata log.
metadata.log.segment.ms: After how long at most the metadata log begins a new segment.
metadata.max.idle.interval.ms: How often an idle controller writes a record that shows it is
    alive; 0 for never.
metadata.max.retention.bytes: How large metadata log and snapshots may grow before old ones are
    deleted.
metadata.max.retention.ms: How long metadata records and snapshots are kept before old ones are
    deleted.
node.id: The number of this node, unique in the cluster.
process.roles: What the node is: broker and controller, which a single node must be both.
server.max.startup.time.ms: How long starting may take before the broker gives up.
unclean.leader.election.interval.ms: How often it is looked whether an unclean election is due.
unstable.api.versions.enable: Whether versions of APIs that are still being worked on are served.
unstable.feature.versions.enable: Whether versions of features that are still being worked on are
    allowed.
"""
