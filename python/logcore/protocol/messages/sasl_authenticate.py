"""Carries the tokens of a SASL exchange.

Version notes:
    1: lifetime of the session.
    2: flexible.
"""

from logcore.protocol.schema import Message
from logcore.protocol.types import Bytes, binary, int16, int64, string


class SaslAuthenticateRequest(Message, api_key=36, versions="0-2", flexible="2+"):
    auth_bytes: Bytes = binary("0+")


class SaslAuthenticateResponse(Message, api_key=36, versions="0-2", flexible="2+"):
    error_code: int = int16("0+")
    error_message: str | None = string("0+", nullable="0+")
    auth_bytes: Bytes = binary("0+")
    session_lifetime_ms: int = int64("1+", ignorable=True)
