"""SaslHandshake outside of a login is refused, and the connection goes on."""

import pytest

from logcore.protocol.messages.api_versions import ApiVersionsRequest
from tests.broker.handlers.logging_in import handshake, logged_in, login_broker
from tests.broker.running import Running

ILLEGAL_STATE = 34


@pytest.mark.parametrize("version", [0, 1])
def test_nobody_has_to_log_in(broker: Running, version: int):
    wire = broker.wire()
    response = handshake(wire, "PLAIN", version)
    assert (response.error_code, response.mechanisms) == (ILLEGAL_STATE, [])
    assert wire.ask(ApiVersionsRequest(), 0).error_code == 0


def test_logged_in_for_good_already(tmp_path):
    with login_broker(tmp_path) as running:
        wire = logged_in(running)
        assert handshake(wire, "PLAIN").error_code == ILLEGAL_STATE
        assert wire.ask(ApiVersionsRequest(), 0).error_code == 0
