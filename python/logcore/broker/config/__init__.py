"""The broker's settings: tables of every key, where their values come from, and what holds now.

Invariant: the tables know every key of Apache Kafka 4.3.1; a key that is not in them is refused
by name. `BrokerConfig` is what a broker was started with, plus what was changed since; `Configs`
answers for topics, groups and clients' metrics too.
Neighbours: `logcore.common.config` is the machinery; the handlers of configs and `broker.server`
are the users.
"""
