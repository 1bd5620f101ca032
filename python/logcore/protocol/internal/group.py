"""Records of `__consumer_offsets` about the groups that consumers form, old style and new.

Invariant: only gathers; each record is declared in one of the two modules below.
Neighbours: `share_group` and `streams_group` declare the records of the other kinds of groups.
"""

from logcore.protocol.internal.classic_group import *
from logcore.protocol.internal.consumer_group import *
