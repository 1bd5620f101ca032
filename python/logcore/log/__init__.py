"""The embedded log: `Log`, its configuration and its views.

Invariant: nothing here knows of a network; sockets and brokers stand above this room.
Neighbours: `logcore._native` does the work; `logcore.cli` and `logcore.broker` are the users.
"""
