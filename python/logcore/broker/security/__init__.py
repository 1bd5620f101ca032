"""Who is on the other side: logins by SASL, names from certificates, delegation tokens.

Invariant: mechanisms decide and do no input or output; a login that failed says to the client no
more than that it failed.
Neighbours: `broker.listeners` puts a `session` before each connection of a listener that asks for
logins; `broker.authorizer` asks what whoever logged in may do.
"""
