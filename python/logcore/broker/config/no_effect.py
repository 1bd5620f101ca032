"""Keys that are accepted without effect, with the reason.

A server.properties of Apache Kafka must work as it is, so a key that tunes what logcore does in
another way, or has no use for on one node, is read, checked, and left at that.
Invariant: a key is here exactly if nothing acts on it; one whose loss would harm is in `refusals`.
Neighbours: `docs` adds the reason to a key's sentence; `broker.server` logs those that were set.
"""

from functools import cache
from typing import Final

_TABLE: Final = (
    (
        "one event loop and a few threads of the engine do this work",
        """
        background.threads group.coordinator.background.threads group.coordinator.threads
        num.io.threads num.network.threads num.replica.alter.log.dirs.threads
        share.coordinator.threads
        """,
    ),
    (
        "a request that waits is forgotten as soon as it is answered",
        """
        delete.records.purgatory.purge.interval.requests fetch.purgatory.purge.interval.requests
        producer.purgatory.purge.interval.requests share.fetch.purgatory.purge.interval.requests
        """,
    ),
    (
        "requests that wait are bounded in bytes, by queued.max.request.bytes",
        "queued.max.requests",
    ),
    (
        "compaction sizes its own buffers and runs on one thread",
        """
        log.cleaner.dedupe.buffer.size log.cleaner.io.buffer.load.factor log.cleaner.io.buffer.size
        log.cleaner.io.max.bytes.per.second log.cleaner.threads
        """,
    ),
    (
        "a single node has nobody to replicate to or hand over to",
        """
        auto.leader.rebalance.enable broker.heartbeat.interval.ms broker.session.timeout.ms
        controlled.shutdown.enable controller.socket.timeout.ms early.start.listeners
        follower.replication.throttled.rate initial.broker.registration.timeout.ms
        inter.broker.listener.name leader.imbalance.check.interval.seconds
        leader.replication.throttled.rate log.dir.failure.timeout.ms num.replica.fetchers
        replica.fetch.backoff.ms replica.fetch.max.bytes replica.fetch.min.bytes
        replica.fetch.response.max.bytes replica.fetch.wait.max.ms
        replica.high.watermark.checkpoint.interval.ms replica.lag.time.max.ms
        replica.selector.class replica.socket.receive.buffer.bytes replica.socket.timeout.ms
        replication.quota.window.num replication.quota.window.size.seconds request.timeout.ms
        security.inter.broker.protocol socket.connection.setup.timeout.max.ms
        socket.connection.setup.timeout.ms unclean.leader.election.interval.ms
        """,
    ),
    (
        "the metadata of a single node needs no quorum",
        """
        controller.performance.always.log.threshold.ms controller.performance.sample.period.ms
        controller.quorum.append.linger.ms controller.quorum.auto.join.enable
        controller.quorum.bootstrap.servers controller.quorum.election.backoff.max.ms
        controller.quorum.election.timeout.ms controller.quorum.fetch.max.bytes
        controller.quorum.fetch.snapshot.max.bytes controller.quorum.fetch.timeout.ms
        controller.quorum.request.timeout.ms controller.quorum.retry.backoff.ms
        internal.metadata.max.batch.size.in.bytes metadata.max.idle.interval.ms
        server.max.startup.time.ms
        """,
    ),
    (
        "the metadata log is small, and its snapshots follow its size",
        """
        internal.metadata.delete.delay.millis internal.metadata.log.segment.bytes
        metadata.log.max.record.bytes.between.snapshots metadata.log.max.snapshot.interval.ms
        metadata.log.segment.bytes metadata.log.segment.ms metadata.max.retention.bytes
        metadata.max.retention.ms
        """,
    ),
    (
        "the coordinator writes as soon as it has worked through what arrived, uncompressed",
        """
        group.coordinator.append.linger.ms group.coordinator.cached.buffer.max.bytes
        offsets.load.buffer.size offsets.topic.compression.codec
        share.coordinator.append.linger.ms share.coordinator.cached.buffer.max.bytes
        share.coordinator.load.buffer.size share.coordinator.state.topic.compression.codec
        """,
    ),
    (
        "both checkpoints are written at log.flush.offset.checkpoint.interval.ms",
        "log.flush.start.offset.checkpoint.interval.ms",
    ),
    (
        "a producer that expired is noticed when it is next looked at",
        "producer.id.expiration.check.interval.ms",
    ),
    (
        "replicas do not move between log directories yet",
        """
        alter.log.dirs.replication.quota.window.num
        alter.log.dirs.replication.quota.window.size.seconds
        replica.alter.log.dirs.io.max.bytes.per.second
        """,
    ),
    (
        "metrics are served to Prometheus at logcore.health.port; Java classes cannot be loaded",
        """
        kafka.metrics.polling.interval.secs kafka.metrics.reporters metric.reporters
        metrics.num.samples metrics.recording.level metrics.sample.window.ms
        """,
    ),
    ("log directories cannot be cordoned off yet", "cordoned.log.dirs"),
    (
        "the log of transactions is read in slices; two-phase commit is not stable yet",
        "transaction.state.log.load.buffer.size transaction.two.phase.commit.enable",
    ),
    (
        "share groups have one assignor, simple, and keep their state in __share_group_state",
        "group.share.assignors group.share.persister.class.name",
    ),
    (
        "unfinished versions are never served",
        "unstable.api.versions.enable unstable.feature.versions.enable",
    ),
    (
        "TLS is OpenSSL's, which has no such choice",
        """
        ssl.keymanager.algorithm ssl.provider ssl.secure.random.implementation
        ssl.trustmanager.algorithm security.providers
        """,
    ),
    ("ssl.enabled.protocols says which versions of TLS there are", "ssl.protocol"),
    ("a new certificate may differ from the old one", "ssl.allow.dn.changes ssl.allow.san.changes"),
    (
        "it counts only as listener.name.LISTENER.MECHANISM.sasl.jaas.config",
        "sasl.jaas.config",
    ),
    (
        "only this node's own logins at others would use it, and it makes none",
        """
        sasl.client.callback.handler.class sasl.login.callback.handler.class sasl.login.class
        sasl.login.connect.timeout.ms sasl.login.read.timeout.ms sasl.login.refresh.buffer.seconds
        sasl.login.refresh.min.period.seconds sasl.login.refresh.window.factor
        sasl.login.refresh.window.jitter sasl.login.retry.backoff.max.ms
        sasl.login.retry.backoff.ms sasl.mechanism.controller.protocol
        sasl.mechanism.inter.broker.protocol sasl.oauthbearer.client.credentials.client.id
        sasl.oauthbearer.client.credentials.client.secret sasl.oauthbearer.jwt.retriever.class
        sasl.oauthbearer.scope sasl.oauthbearer.token.endpoint.url
        """,
    ),
    (
        "only this node's own connections to others would use it, and it makes none",
        "ssl.endpoint.identification.algorithm",
    ),
)

_BEGINNINGS: Final = (
    ("sasl.kerberos.", "there are no logins by Kerberos"),
    (
        "sasl.oauthbearer.assertion.",
        "only this node's own logins at others would use it, and it makes none",
    ),
    ("remote.", "there is no remote storage"),
    ("log.local.", "there is no remote storage"),
    ("local.", "there is no remote storage"),
    ("follower.fetch.last.tiered.", "there is no remote storage"),
)


@cache
def _reasons() -> dict[str, str]:
    return {name: reason for reason, names in _TABLE for name in names.split()}


def reason(name: str) -> str | None:
    """Return why a key has no effect; None if it has one.

    Example:
        >>> reason("num.partitions") is None, reason("num.io.threads")
        (True, 'one event loop and a few threads of the engine do this work')
    """
    found = _reasons().get(name)
    if found is None:
        return next((why for start, why in _BEGINNINGS if name.startswith(start)), None)
    return found
