"""Carries another principal's request from a broker to the controller."""

from logcore.protocol.schema import Message
from logcore.protocol.types import Bytes, binary, int16


class EnvelopeRequest(Message, api_key=58, versions="0", flexible="0+"):
    request_data: Bytes = binary("0+")
    request_principal: Bytes | None = binary("0+", nullable="0+")
    client_host_address: Bytes = binary("0+")


class EnvelopeResponse(Message, api_key=58, versions="0", flexible="0+"):
    response_data: Bytes | None = binary("0+", nullable="0+", default=None)
    error_code: int = int16("0+")
