"""What the broker's keys of listeners, connections and requests mean.

Invariant: every key of the table has its sentence, and no other.
Neighbours: `docs` reads these; `network_keys` is the table.
"""

from typing import Final

NETWORK_DOCS: Final = """
advertised.listeners: What clients are told to connect to, as NAME://HOST:PORT; without it each
    client is told the address that it reached the broker at.
connections.max.idle.ms: A connection on which nothing was asked for this long is closed.
early.start.listeners: Listeners that accept before the broker has finished starting.
fetch.max.bytes: The most bytes of records that one fetch is answered with, whatever the consumer
    asks for; a single larger batch is still sent.
fetch.purgatory.purge.interval.requests: How many waiting fetches are gathered before finished
    ones are cleared away.
inter.broker.listener.name: The listener that brokers use among themselves; it must be one of the
    listeners.
listener.security.protocol.map: The security protocol of each listener, as NAME:PROTOCOL; the
    controller's listeners are PLAINTEXT where it is left as it is.
listeners: Where the broker listens, as NAME://HOST:PORT; no host stands for every address, port 0
    for any that is free.
logcore.cluster.id: The cluster's id, for a log directory that has none yet; otherwise it is made
    up.
logcore.health.host: The address at which the health port listens.
logcore.health.port: The port of /livez, /readyz and /metrics, 0 for any that is free; without a
    value there is none.
max.connection.creation.rate: How many connections a second are accepted at most.
max.connections.per.ip.overrides: Addresses or host names with a limit of their own, as
    host:count, in place of max.connections.per.ip.
max.connections.per.ip: How many connections there may be at once from one address; further ones
    are closed.
max.connections: How many connections there may be at once; further ones wait until one closes.
max.incremental.fetch.session.cache.slots: How many incremental fetch sessions are kept; clients
    without one send and get every partition each time.
max.request.partition.size.limit: How many partitions one DescribeTopicPartitions request may be
    answered with.
num.io.threads: How many threads work on requests, disk access included.
num.network.threads: How many threads receive requests and send responses for each listener.
producer.purgatory.purge.interval.requests: How many waiting produce requests are gathered before
    finished ones are cleared away.
queued.max.request.bytes: How many bytes of requests may wait before no more are read from
    connections; -1 for no limit.
queued.max.requests: How many requests may wait before no more are read from connections.
request.timeout.ms: How long a request of this broker waits for its answer.
security.inter.broker.protocol: The security protocol between brokers, where
    inter.broker.listener.name does not say.
socket.connection.setup.timeout.max.ms: The longest time that setting up a connection to another
    node may take, after repeated failures.
socket.connection.setup.timeout.ms: How long setting up a connection to another node may take at
    first.
socket.listen.backlog.size: How many connections may wait to be accepted; the system may allow
    fewer.
socket.receive.buffer.bytes: The system's receive buffer of each connection; -1 leaves it to the
    system.
socket.request.max.bytes: The largest request that is read; a connection that announces more is
    closed.
socket.send.buffer.bytes: The system's send buffer of each connection; -1 leaves it to the system.
"""
