"""Rules, in the shape in which requests make and name them; and brokers that act on them."""

import errno
import socket
from dataclasses import dataclass
from typing import Any

import pytest

from logcore.broker.config.tables.authorization import STANDARD_AUTHORIZER
from logcore.protocol.api_keys import ApiKey
from tests.broker.authorization.world import asked
from tests.broker.wire import Wire

ANYBODY = "User:ANONYMOUS"
DENY, ALLOW = 2, 3
LITERAL, PREFIXED = 3, 4


@dataclass(frozen=True)
class Rule:
    """A rule."""

    resource_type: int
    resource_name: str
    operation: int
    permission_type: int
    pattern_type: int = LITERAL
    principal: str = ANYBODY
    host: str = "*"

    @property
    def creation(self) -> dict[str, Any]:
        return {
            "resource_type": self.resource_type,
            "resource_name": self.resource_name,
            "resource_pattern_type": self.pattern_type,
            "principal": self.principal,
            "host": self.host,
            "operation": self.operation,
            "permission_type": self.permission_type,
        }

    @property
    def filter(self) -> dict[str, Any]:
        return {
            "resource_type_filter": self.resource_type,
            "resource_name_filter": self.resource_name,
            "pattern_type_filter": self.pattern_type,
            "principal_filter": self.principal,
            "host_filter": self.host,
            "operation": self.operation,
            "permission_type": self.permission_type,
        }


def allow(resource_type: int, name: str, operation: int, **rest: Any) -> Rule:
    return Rule(resource_type, name, operation, ALLOW, **rest)


def deny(resource_type: int, name: str, operation: int, **rest: Any) -> Rule:
    return Rule(resource_type, name, operation, DENY, **rest)


def authorized(*, everybody: bool = False, super_users: str = "") -> dict[str, str]:
    """Return the settings of a broker with an authorizer."""
    return {
        "authorizer_class_name": STANDARD_AUTHORIZER,
        "allow_everyone_if_no_acl_found": str(everybody).lower(),
        "super_users": super_users,
    }


def authorized_keys() -> dict[str, str]:
    """Return the same, spelt as Apache Kafka does, for a broker of its own process."""
    settings = authorized()
    return {
        "authorizer.class.name": settings["authorizer_class_name"],
        "super.users": settings["super_users"],
    }


def create_acls(wire: Wire, *rules: Rule) -> list[int]:
    """Make rules; return the error code of each."""
    creations = [rule.creation for rule in rules]
    made = asked(wire, ApiKey.CREATE_ACLS, 3, creations=creations)
    return [result.error_code for result in made.results]


def connect_from(address: str, port: int) -> Wire:
    """Connect from an address of the loopback, so as to be whom its rules are about."""
    wire = Wire.__new__(Wire)
    try:
        wire.socket = socket.create_connection(
            ("127.0.0.1", port), timeout=20, source_address=(address, 0)
        )
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            pytest.skip(f"this system's loopback has no {address}")
        raise
    wire.client_id, wire.correlation_id = "test", 0
    return wire
