"""Addresses of brokers: reading ``bootstrap.servers``, and asking the resolver.

Invariant: an address that cannot be read is an error of the setting; one that cannot be resolved is
an attempt that failed, which others may make up for.
Neighbours: `opening` connects to these.
"""

import asyncio
import socket
from typing import NamedTuple

from logcore.common.config import ConfigError
from logcore.common.types import override

PORT_MAX = 65535
KEY = "bootstrap.servers"


class Address(NamedTuple):
    """A host and a port."""

    host: str
    port: int

    @override
    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read an address: ``host:port``, ``[v6]:port``, with or without a protocol in front.

    Raises:
        ConfigError: If it is none.

    Example:
        >>> parse_address("PLAINTEXT://localhost:9092"), str(parse_address("[::1]:9092"))
        (Address(host='localhost', port=9092), '[::1]:9092')
    """
    _, _, bare = text.rpartition("://")
    host, colon, port = bare.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host:
        raise ConfigError(f"{KEY}: {text!r} is not host:port", key=KEY, value=text)
    if not port.isascii() or not port.isdecimal() or not 0 < int(port) <= PORT_MAX:
        raise ConfigError(f"{KEY}: {text!r} has no port from 1 to 65535", key=KEY, value=text)
    return Address(host, int(port))


def parse_addresses(texts: tuple[str, ...]) -> tuple[Address, ...]:
    """Read all addresses of a list.

    Raises:
        ConfigError: If there is none, or one cannot be read.
    """
    if not texts:
        raise ConfigError(f"{KEY} names no broker", key=KEY)
    return tuple(dict.fromkeys(map(parse_address, texts)))


async def resolve(address: Address) -> list[Address]:
    """Return every address of numbers that a name stands for, in the resolver's order.

    Raises:
        OSError: If the name is not known, or is none, or there is no such port: brokers may tell
            of any.
    """
    if not 0 < address.port <= PORT_MAX:
        raise OSError(f"{address.port} is no port")
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except ValueError as error:  # of the codec for names, which knows more than the resolver
        raise OSError(f"{address.host!r} is no name of a host") from error
    return list(dict.fromkeys(Address(str(entry[4][0]), address.port) for entry in found))
