"""What access rules speak of: operations, resources, patterns, permissions, as on the wire.

Invariant: one table for whoever asks, decides and administers; "any" of a filter is None, not a
member.
Neighbours: `broker.authorizer` asks with these, `admin.acls` makes rules of them.
Source: Apache Kafka 4.3.1, `org.apache.kafka.common.acl` and `org.apache.kafka.common.resource`.
"""

from enum import IntEnum
from typing import Final

ANY: Final = 1
"""The number that stands for every one in a filter."""


class Operation(IntEnum):
    """What is asked for, numbered as on the wire."""

    ALL = 2
    READ = 3
    WRITE = 4
    CREATE = 5
    DELETE = 6
    ALTER = 7
    DESCRIBE = 8
    CLUSTER_ACTION = 9
    DESCRIBE_CONFIGS = 10
    ALTER_CONFIGS = 11
    IDEMPOTENT_WRITE = 12
    CREATE_TOKENS = 13
    DESCRIBE_TOKENS = 14
    TWO_PHASE_COMMIT = 15


class ResourceType(IntEnum):
    """What it is asked of, numbered as on the wire."""

    TOPIC = 2
    GROUP = 3
    CLUSTER = 4
    TRANSACTIONAL_ID = 5
    DELEGATION_TOKEN = 6
    USER = 7


class PatternType(IntEnum):
    """How the name of a rule is meant; `MATCH` is for filters: all that apply to a name."""

    MATCH = 2
    LITERAL = 3
    PREFIXED = 4


class PermissionType(IntEnum):
    """Whether a rule allows or denies."""

    DENY = 2
    ALLOW = 3
