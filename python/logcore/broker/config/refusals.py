"""Settings that must not be ignored: what logcore cannot do yet, it refuses to be told.

A key that changes speed or memory may be accepted without effect (`docs` says so); one that
secures, or moves data elsewhere, may not, because its user would believe that it holds.
Invariant: each refusal is a sentence that says what to do.
Neighbours: `broker_config` asks at start, `dynamic_changes` before a change.
"""

from collections.abc import Callable, Mapping
from typing import Final

from logcore.broker.config.group_bounds import check_bounds
from logcore.broker.config.tables.authorization import STANDARD_AUTHORIZER, super_users
from logcore.common.config import ConfigError, Value

_CLASSES: Final = {
    "alter.config.policy.class.name": "policies for changes of settings",
    "client.quota.callback.class": "quotas by a class of one's own",
    "create.topic.policy.class.name": "policies for new topics",
    "ssl.engine.factory.class": "TLS engines by a class of one's own",
}
REFUSED: Final = frozenset(_CLASSES) | {
    "config.providers",
    "principal.builder.class",
    "remote.log.storage.system.enable",
    "remote.storage.enable",
}
"""Keys that must be left as they are; those whose value decides are not among them."""

_BUILDER: Final = "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder"


def _refused(key: str, value: Value, reason: str) -> ConfigError:
    return ConfigError(f"{key}={value}: {reason}", key=key, value=str(value))


def _check_classes(values: Mapping[str, Value]) -> None:
    for key, what in _CLASSES.items():
        if values[key]:
            raise _refused(key, values[key], f"logcore runs no Java, so it has no {what}")
    if values["principal.builder.class"] not in (None, "", _BUILDER):
        reason = "logcore runs no Java, so principals are built as by default"
        raise _refused("principal.builder.class", values["principal.builder.class"], reason)
    if values["config.providers"]:
        reason = "logcore does not resolve ${...} in values; write them out"
        raise _refused("config.providers", ",".join(_names(values["config.providers"])), reason)


def _names(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _check_authorizer(values: Mapping[str, Value]) -> None:
    name = values["authorizer.class.name"]
    if name not in ("", STANDARD_AUTHORIZER):
        reason = f"logcore runs no Java; its one authorizer goes by the name {STANDARD_AUTHORIZER}"
        raise _refused("authorizer.class.name", name, reason)
    super_users(str(values["super.users"]))


def _check_storage(values: Mapping[str, Value]) -> None:
    if values["remote.log.storage.system.enable"]:
        reason = "logcore keeps all segments in its log directories; there is no remote storage"
        raise _refused("remote.log.storage.system.enable", "true", reason)


def _check_roles(values: Mapping[str, Value]) -> None:
    roles = _names(values["process.roles"])
    if set(roles) != {"broker", "controller"}:
        reason = "a node is broker and controller at once; write broker,controller"
        raise _refused("process.roles", ",".join(roles), reason)
    voters = _names(values["controller.quorum.voters"])
    if len(voters) > 1:
        reason = "logcore runs as a single node so far; name one voter, or leave it out"
        raise _refused("controller.quorum.voters", ",".join(voters), reason)
    if voters and voters[0].split("@")[0] != str(values["node.id"]):
        reason = f"the one voter must be this node, whose node.id is {values['node.id']}"
        raise _refused("controller.quorum.voters", voters[0], reason)
    servers = _names(values["controller.quorum.bootstrap.servers"])
    if len(servers) > 1:
        reason = "logcore runs as a single node so far; name this node's controller, or none"
        raise _refused("controller.quorum.bootstrap.servers", ",".join(servers), reason)


_CHECKS: Final[tuple[Callable[[Mapping[str, Value]], None], ...]] = (
    _check_classes,
    _check_authorizer,
    _check_storage,
    _check_roles,
    check_bounds,
)


def check_values(values: Mapping[str, Value]) -> None:
    """Refuse what logcore cannot do, and what does not fit together.

    Raises:
        ConfigError: At the first such value.
    """
    for check in _CHECKS:
        check(values)
