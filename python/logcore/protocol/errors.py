"""What reading and writing messages may raise.

Invariant: bytes from outside raise `MalformedMessageError` and nothing else, whatever they hold.
Neighbours: `codec`, `header` and `frame` raise these; the broker answers the first by closing the
connection, since bytes that are no message have no answer.
"""

from logcore.common.errors import LogcoreError


class MalformedMessageError(LogcoreError):
    """Bytes are not the message they are said to be: cut short, or with impossible lengths."""


class UnencodableMessageError(LogcoreError, ValueError):
    """A value does not fit its field: too large, of another type, or null for no good reason."""


class FrameSizeError(MalformedMessageError):
    """A frame declares a negative length, or one above the limit."""


class UnknownRecordTypeError(LogcoreError):
    """A record's type is none of its topic: a newer release wrote it. Readers skip such records."""
