"""Quotas of clients: how much of the broker one user, client or address may take.

Invariant: without quotas a request pays one attribute test; a client that is over its quota is
told how long it will wait, and is made to. Neighbours: `dispatch` and the handlers of Fetch and of
changes to topics ask here; `logcore.controller.client_quotas` keeps what was set.
"""
