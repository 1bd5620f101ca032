"""Which of the broker's keys may be changed while it runs, and at which level.

Invariant: what passes is of a key that Apache Kafka lets change, is allowed together with all other
settings, and is no security setting that only one listener may have.
Neighbours: `rules` asks; the column `update` of the tables says which keys change and where.
Source: Apache Kafka 4.3.1, `DynamicBrokerConfig`.
"""

from collections.abc import Mapping
from typing import Final

from logcore.broker.config.broker_keys import BROKER
from logcore.broker.config.configs import Configs
from logcore.broker.config.given_keys import base_name, definition, listener_prefix
from logcore.broker.config.refusals import check_values
from logcore.broker.config.resources import BROKER_RESOURCE
from logcore.broker.config.tables.tls import SSL
from logcore.common.config import ConfigError, Update, Value
from logcore.common.errors import InvalidRequestError

_OF_STORES: Final = frozenset(
    key.name for key in SSL if key.name.startswith(("ssl.keystore", "ssl.truststore", "ssl.key."))
)
"""What a listener's certificates come from: changed for one listener at a time."""

_FIXED: Final = frozenset({"listeners", "listener.security.protocol.map"})
"""What Apache Kafka changes while it runs and logcore does not."""


def check_broker(configs: Configs, name: str, changes: Mapping[str, str]) -> None:
    """Check all that would be set of one broker, or of all where the name is empty.

    Raises:
        InvalidRequestError: If a key cannot be changed so, or a value is not allowed.
    """
    _check_level(changes, is_default=not name)
    _check_supported(changes)
    try:
        values = configs.broker().with_changes({**_beside(configs, name), **changes})
        check_values(values)
        _check_tls(configs, changes, values)
    except ConfigError as error:
        raise InvalidRequestError(str(error)) from None


def _beside(configs: Configs, name: str) -> Mapping[str, str]:
    """Return what stays in force under a change: the default of all under a broker's own."""
    return configs.changes(BROKER_RESOURCE, "") if name else {}


def _refuse(message: str, names: list[str]) -> None:
    if names:
        raise InvalidRequestError(f"{message}: {', '.join(names)}")


def _check_level(changes: Mapping[str, str], *, is_default: bool) -> None:
    known = {name: definition(name) for name in changes}
    for name, key in known.items():
        if key is None:
            raise InvalidRequestError(str(BROKER.unknown(name)))
    read_only = [name for name, key in known.items() if key and key.update is Update.READ_ONLY]
    _refuse("Cannot update these configs dynamically", [n for n in read_only if n in BROKER])
    _refuse(
        "These security configs can be dynamically updated only per-listener using the listener "
        "prefix",
        [name for name in changes if name in _OF_STORES],
    )
    if is_default:
        own = [name for name, key in known.items() if key and key.update is Update.PER_BROKER]
        _refuse(
            "Cannot update these configs at default cluster level, broker id must be specified", own
        )


def _check_supported(changes: Mapping[str, str]) -> None:
    fixed = [
        name
        for name in changes
        if name in _FIXED or (base_name(name) != name and not base_name(name).startswith("ssl."))
    ]
    _refuse("logcore reads these only when it starts; change its file and restart it", fixed)


def _check_tls(configs: Configs, changes: Mapping[str, str], values: Mapping[str, Value]) -> None:
    """Try what a listener would get, keys and certificates included, before it is written."""
    for listener in configs.broker().listeners:
        prefix = listener_prefix(listener.name)
        if listener.is_tls and any(name.startswith(prefix) for name in changes):
            from logcore.network.tls import KEYS, server_context  # noqa: PLC0415 - seldom

            server_context({key: values.get(prefix + key, values[key]) for key in KEYS})
