"""What a client tells of itself, under the names of Java's clients.

Invariant: counting is done per request or per batch, never per record; a number that lives
elsewhere is not copied here, but asked for when somebody looks.
Neighbours: `client.cluster` has a registry, to which producers and consumers add;
`client.telemetry` pushes what it shows to brokers.
"""
