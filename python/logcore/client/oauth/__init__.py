"""Bearer tokens of a client: where they come from, and how they are kept good (KIP-255, KIP-768).

Invariant: no secret and no token is in any message or log; whatever may block is done in a thread
of its own, for a time that is bounded, and reads no more than is bounded.
Neighbours: `client.logins` chooses this room for OAUTHBEARER; nothing else imports from it.
"""
