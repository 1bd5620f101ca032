"""Addresses that quotas are set of: written out, or by a name that is looked up.

Invariant: looking up may block, so it is done in a lane, never on the loop's thread.
Neighbours: `handlers.alter_client_quotas` checks names; `quotas` turns them into addresses.
"""

import ipaddress
import socket


def is_address(name: str) -> bool:
    """Return whether a name is an address already.

    Example:
        >>> is_address("::1"), is_address("localhost")
        (True, False)
    """
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def plain(address: str) -> str:
    """Return an address as connections have it.

    Example:
        >>> plain("0:0:0:0:0:0:0:1"), plain("::ffff:10.0.0.1")
        ('::1', '10.0.0.1')
    """
    parsed = ipaddress.ip_address(address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


def resolved(name: str) -> list[str]:
    """Return the addresses of a name, none if it has none; blocks."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(plain(str(entry[4][0]).partition("%")[0]) for entry in found))
