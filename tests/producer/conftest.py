"""The clusters that the tests of this room are for."""

from tests.contestants import cluster as cluster
from tests.contestants import our_cluster as our_cluster
