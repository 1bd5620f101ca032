"""Pushing a client's metrics to brokers that ask for them (KIP-714).

Invariant: nothing is pushed that no broker has asked for; a client whose brokers do not ask costs a
request every few minutes.
Neighbours: `client.cluster` starts and ends the pusher; `client.metrics` has what is pushed; the
broker's other half is `broker.telemetry`.
"""
