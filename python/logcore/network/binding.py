"""Listening sockets, and one clear sentence for each way in which there can be none.

Invariant: either all is bound that a host means, or nothing stays open.
Neighbours: `listener` and `http` listen on these.
"""

import contextlib
import errno
import socket
from typing import Final

from logcore.common.errors import LogcoreError

_PORTS_PRIVILEGED_BELOW: Final = 1024
_MAPPED: Final = "::ffff:"

BACKLOG_MIN: Final = 1024
"""With Kafka's default of 50, whoever comes in a crowd waits a second or more to be heard again."""


class ListenError(LogcoreError):
    """An address cannot be listened on; the message is one sentence for the user."""


def listening_sockets(host: str, port: int, backlog: int) -> list[socket.socket]:
    """Return sockets that listen on every address that a host means, the main one first.

    Args:
        host: Name or address; empty for every interface, IPv6 included where there is any.
        port: The port; 0 for one that the system picks.
        backlog: How many connections may wait to be accepted; never fewer than `BACKLOG_MIN`.

    Raises:
        ListenError: If the main address cannot be listened on.
    """
    first, *others = _addresses(host, port)
    bound = [_bind(first, host, port, backlog)]
    port = bound[0].getsockname()[1]
    for family, address in others:
        with contextlib.suppress(ListenError):  # as good as a name that means one address
            bound.append(_bind((family, address), host, port, backlog))
    return bound


def plain_host(host: str) -> str:
    """Return an address as IPv4 where it is one, without a zone."""
    bare = host.partition("%")[0]
    return bare.removeprefix(_MAPPED) if "." in bare else bare


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    """Return what a host means, IPv4 first, as clients try it first too."""
    if not host:
        everywhere = (socket.AF_INET6, "::") if socket.has_ipv6 else (socket.AF_INET, "")
        return [everywhere]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ListenError(f"cannot listen on {host}:{port}: the host is not known") from error
    addresses = {(family, str(where[0])): None for family, _, _, _, where in found}
    return sorted(addresses, key=lambda entry: entry[0] != socket.AF_INET)


def _bind(
    address: tuple[socket.AddressFamily, str], host: str, port: int, backlog: int
) -> socket.socket:
    family, literal = address
    try:
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        if not host and family == socket.AF_INET6:  # a kernel without IPv6
            return _bind((socket.AF_INET, ""), host, port, backlog)
        raise ListenError(_sentence(host, port, error)) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(bool(host)))
        listening.bind((literal, port))
        listening.listen(max(backlog, BACKLOG_MIN))
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise ListenError(_sentence(host, port, error)) from error
    except OverflowError as error:
        listening.close()
        raise ListenError(f"cannot listen on {host}:{port}: there is no such port") from error
    return listening


def _sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        reason = "the port is in use by another program"
    elif error.errno == errno.EACCES and port < _PORTS_PRIVILEGED_BELOW:
        reason = f"ports below {_PORTS_PRIVILEGED_BELOW} need privileges that this process lacks"
    elif error.errno == errno.EADDRNOTAVAIL:
        reason = "no interface of this machine has that address"
    else:
        reason = error.strerror or str(error)
    return f"cannot listen on {host or '*'}:{port}: {reason}"
