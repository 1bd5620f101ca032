"""Agrees on a SASL mechanism; never flexible.

Version notes:
    1: the tokens follow in SaslAuthenticate requests instead of bare frames.
"""

from logcore.protocol.schema import Message
from logcore.protocol.types import array, int16, string


class SaslHandshakeRequest(Message, api_key=17, versions="0-1"):
    mechanism: str = string("0+")


class SaslHandshakeResponse(Message, api_key=17, versions="0-1"):
    error_code: int = int16("0+")
    mechanisms: list[str] = array(string, "0+")
