"""Regular expressions that a client chose, in RE2's syntax, matched in bounded time.

Invariant: nothing here backtracks, and nothing is imported before a client brings an expression:
few do.
Neighbours: `program` is what others use; `group.regex` finds the topics of subscriptions by it,
`transaction.listing` transactional ids.
"""
