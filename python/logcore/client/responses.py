"""Which response belongs to which request, found by name.

Invariant: a request's response stands in the same module, with the same name but for its ending.
Neighbours: `connection` asks for it with every request.
"""

import sys
from typing import Final

from logcore.protocol.schema import Message

_RESPONSES: Final[dict[type[Message], type[Message]]] = {}


def response_of(request: type[Message]) -> type[Message]:
    """Return the class of the response to a request.

    Example:
        >>> from logcore.protocol.messages.heartbeat import HeartbeatRequest
        >>> response_of(HeartbeatRequest).__name__
        'HeartbeatResponse'
    """
    found = _RESPONSES.get(request)
    if found is None:
        name = request.__name__.removesuffix("Request") + "Response"
        found = getattr(sys.modules[request.__module__], name)
        assert issubclass(found, Message), name
        _RESPONSES[request] = found
    return found
