"""Apicurio Registry 3.3.3 as a peer: a schema registry that speaks Confluent's API.

By hand: `python -m tests.peers.apicurio DIRECTORY [PORT]` runs one until interrupted.
Invariant: it comes by Maven; nothing of it is kept in this repository.
"""

from tests.peers.apicurio.server import Registry, running_registry, why_absent

__all__ = ["Registry", "running_registry", "why_absent"]
