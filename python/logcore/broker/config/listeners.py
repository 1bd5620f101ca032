"""Listeners: where a broker listens, by which protocol, and what it tells clients to connect to.

Invariant: every listener that comes out has a name of its own and a known security protocol.
Neighbours: `broker_config` offers the result; `broker.server` opens it, `metadata` advertises it.
Source: Apache Kafka 4.3.1, `KafkaConfig` and `SocketServerConfigs`, for the rules.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from logcore.common.config import ConfigError, parse_list

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_LISTENER: Final = r"(.*)://\[?([0-9a-zA-Z\-%._:]*)\]?:(-?[0-9]+)"
_PORT_MAX: Final = 65535


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One listener, or what is advertised for one.

    Attributes:
        name: The listener's name, in upper case.
        host: Name or address; empty for every address of the machine.
        port: The port; 0 for one that the system picks.
        protocol: One of `PROTOCOLS`.
    """

    name: str
    host: str
    port: int
    protocol: str = "PLAINTEXT"

    @property
    def is_tls(self) -> bool:
        """Whether bytes are encrypted."""
        return self.protocol in ("SSL", "SASL_SSL")

    @property
    def is_sasl(self) -> bool:
        """Whether clients log in by SASL."""
        return self.protocol.startswith("SASL")


def protocol_map(text: str) -> dict[str, str]:
    """Read `listener.security.protocol.map`: name of a listener -> protocol.

    Raises:
        ConfigError: If an entry is malformed, or names an unknown protocol.
    """
    key = "listener.security.protocol.map"
    protocols = {}
    for entry in parse_list(text):
        name, _, protocol = entry.rpartition(":")
        if not name or protocol.upper() not in PROTOCOLS:
            problem = f"{entry} is not NAME:PROTOCOL with one of {', '.join(PROTOCOLS)}"
            raise ConfigError(f"{key}: {problem}", key=key, value=text)
        protocols[name.strip().upper()] = protocol.upper()
    return protocols


def endpoints(key: str, entries: Iterable[str], protocols: Mapping[str, str]) -> list[Endpoint]:
    """Read a list of `NAME://HOST:PORT`.

    Raises:
        ConfigError: If one is malformed, has an unknown name, or repeats another's name.
    """
    found: dict[str, Endpoint] = {}
    for entry in entries:
        endpoint = _endpoint(key, entry, protocols)
        if endpoint.name in found:
            raise ConfigError(f"{key}: {endpoint.name} is listed twice", key=key, value=entry)
        found[endpoint.name] = endpoint
    return list(found.values())


def _endpoint(key: str, entry: str, protocols: Mapping[str, str]) -> Endpoint:
    parts = re.fullmatch(_LISTENER, entry.strip())
    if parts is None or not parts[1] or not 0 <= int(parts[3]) <= _PORT_MAX:
        problem = f"{entry} is not NAME://HOST:PORT with a port up to {_PORT_MAX}"
        raise ConfigError(f"{key}: {problem}", key=key, value=entry)
    name = parts[1].upper()
    if name not in protocols:
        problem = f"the listener {name} is not in listener.security.protocol.map"
        raise ConfigError(f"{key}: {problem}", key=key, value=entry)
    return Endpoint(name, parts[2], int(parts[3]), protocols[name])
