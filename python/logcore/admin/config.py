"""The settings of admin clients.

Invariant: those of every client, and none of its own so far.
Neighbours: `client.config` has the table.
"""

from typing import Final

from logcore.client.config import CLIENT_KEYS
from logcore.common.config import ConfigDef

ADMIN_CONFIG: Final = ConfigDef("admin", CLIENT_KEYS)
