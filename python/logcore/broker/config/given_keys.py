"""Which of the keys that a user gives are keys at all: known, of one listener, or refused by name.

A key of one listener, `listener.name.<listener>.<key>`, is read as its base key is.
Invariant: nothing unknown passes silently; every unknown key of a source is named in one error,
with the right one where it is a slip, or with what became of it where Apache Kafka 4 removed it.
Neighbours: `sources` brings the keys, `broker_config` keeps what passed.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from logcore.broker.config.broker_keys import BROKER
from logcore.common.config import ConfigError, ConfigKey

_OF_LISTENER: Final = r"listener\.name\.([^.]+)\.(.+)"
_OF_MECHANISM: Final = r"(?:plain|scram-sha-\d+|gssapi|oauthbearer)\.(.+)"
_OF_LISTENERS: Final = frozenset({"connections.max.reauth.ms", "max.connection.creation.rate"})
_REMOVED: Final = (
    r"zookeeper\..*|password\.encoder\..*|inter\.broker\.protocol\.version"
    r"|log\.message\.format\.version|log\.message\.downconversion\.enable|control\.plane\.listener\.name"
    r"|log\.message\.timestamp\.difference\.max\.ms|offsets\.commit\.required\.acks"
    r"|reserved\.broker\.max\.id|broker\.id\.generation\.enable|controlled\.shutdown\..*"
    r"|group\.coordinator\.new\.enable|auto\.include\.jmx\.reporter"
)


class Given(NamedTuple):
    """A value as it was given, and by whom."""

    text: str
    origin: str


def definition(name: str) -> ConfigKey | None:
    """Return the row that a key is read by; None if it is unknown."""
    found = BROKER.get(name)
    if found is None and (of_listener := re.fullmatch(_OF_LISTENER, name)):
        base = of_listener[2]
        of_mechanism = re.fullmatch(_OF_MECHANISM, base)
        return BROKER.get(of_mechanism[1] if of_mechanism else base)
    return found


def base_name(name: str) -> str:
    """Return the key without the listener's prefix, if it has one."""
    of_listener = re.fullmatch(_OF_LISTENER, name)
    return of_listener[2] if of_listener else name


def may_differ(base: str) -> bool:
    """Whether a key, without the listener's prefix, may be set for one listener alone."""
    of_mechanism = re.fullmatch(_OF_MECHANISM, base)
    bare = of_mechanism[1] if of_mechanism else base
    return bare.startswith(("ssl.", "sasl.")) or bare in _OF_LISTENERS


def listener_prefix(listener: str) -> str:
    """Return what the keys of one listener begin with."""
    return f"listener.name.{listener.lower()}."


def check_known(given: Mapping[str, Given]) -> None:
    """Refuse unknown keys, all of one source in one error.

    Raises:
        ConfigError: If there are any.
    """
    unknown = [name for name in given if definition(name) is None]
    if not unknown:
        return
    origin = given[unknown[0]].origin
    named = [name for name in unknown if given[name].origin == origin]
    what = "unknown keys" if len(named) > 1 else "unknown key"
    raise ConfigError(f"{origin}: {what} {', '.join(_described(named))}", key=named[0])


def _described(names: Iterable[str]) -> list[str]:
    described = []
    for name in names:
        near = BROKER.nearest(name)
        if re.fullmatch(_REMOVED, name):
            described.append(f"{name} (removed in Apache Kafka 4)")
        elif near is not None:
            described.append(f"{name} (did you mean {near}?)")
        else:
            described.append(name)
    return described
