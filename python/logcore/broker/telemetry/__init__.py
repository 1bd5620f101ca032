"""Metrics that clients push (KIP-714): who is to push what, and showing it to Prometheus.

Invariant: what a client sends is bounded before it is read, and again before it is kept.
Neighbours: the handlers of GetTelemetrySubscriptions and PushTelemetry ask `telemetry`; the
subscriptions are settings of the metadata.
"""
