"""Sockets whose other side is on the same machine.

Invariant: what is set here is about speed alone; where a system refuses it, all works without.
Neighbours: `listener` and `client.opening` hand connections in once they are open.
"""

import contextlib
import socket
import sys
from typing import Final

UNPACED: Final = b"reno"
"""Linux always has it."""


def do_not_pace(connection: socket.socket) -> None:
    """Have packets to the same machine sent as they come.

    BBR, the default of many images for virtual machines, spaces packets by timers, as is good for a
    network; where there is none it costs a third of a broker's CPU time a gigabyte, and a quarter
    of the rate.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):  # a peer that is gone already, too
        if connection.getsockname()[0] == connection.getpeername()[0]:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, UNPACED)
