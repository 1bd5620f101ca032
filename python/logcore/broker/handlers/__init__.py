"""One module per API: `handle(parts, request, context)` returns the response, or a Deferred of it.

Invariant: a handler translates between the protocol and the rooms below, and decides nothing that
they should decide. It never blocks.
Neighbours: the table in `logcore.broker.apis` names these modules; `dispatch` calls them.
"""
