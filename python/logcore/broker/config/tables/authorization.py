"""Keys of the broker that Apache Kafka leaves to its authorizer, and so does not list itself.

Invariant: names and meaning are those of Apache Kafka 4.3.1's `StandardAuthorizer`.
Neighbours: `broker_keys` joins the tables; `logcore.broker.authorization` acts on these.
"""

from typing import Final

from logcore.common.config import BOOLEAN, HIGH, STRING, ConfigError, ConfigKey

STANDARD_AUTHORIZER: Final = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
"""The class that stands for authorization by access rules."""

AUTHORIZATION: Final = (
    ConfigKey("allow.everyone.if.no.acl.found", BOOLEAN, False, importance=HIGH),
    ConfigKey("super.users", STRING, "", importance=HIGH),
)


def super_users(text: str) -> frozenset[str]:
    """Return the principals in a value of ``super.users``.

    Raises:
        ConfigError: If one of them is none.

    Example:
        >>> sorted(super_users("User:CN=a,O=b; User:admin"))
        ['User:CN=a,O=b', 'User:admin']
    """
    found = frozenset(part.strip() for part in text.split(";")) - {""}
    for principal in found:
        if ":" not in principal:
            message = f"super.users: {principal} is no principal; write Type:name, such as User:me"
            raise ConfigError(message, key="super.users", value=text)
    return found
