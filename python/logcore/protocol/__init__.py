"""Kafka's wire protocol: messages, headers and frames, bytes in and bytes out.

Invariant: nothing here opens a socket or reads a clock, and records stay opaque bytes.
Neighbours: `messages` holds one module per API, `internal` what brokers write into their own
topics; `schema`, `types` and `codec` are the machinery under both; `header` and `frame` put
messages on a connection.
"""
