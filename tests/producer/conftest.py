"""The clusters that the tests of this room are for."""

from tests.contestants import cluster, our_cluster

__all__ = ["cluster", "our_cluster"]
