"""Administration of a cluster: topics, settings, groups, access rules, and what else there is.

Invariant: nothing is changed that was not asked for; where a request is about several things, each
has a result of its own.
Neighbours: `logcore.client` reaches the brokers; `logcore.cli` is the command line over this.
"""
