"""Any frames in any order: nobody is in who has not proven it, and nothing goes wrong."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from logcore.common.deferred import Deferred
from logcore.common.principal import ANONYMOUS
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.sasl_authenticate import SaslAuthenticateRequest
from logcore.protocol.messages.sasl_handshake import SaslHandshakeRequest
from tests.broker.security.test_session import ALICE, Serving, framed, request_of

HANDSHAKES = [
    framed(SaslHandshakeRequest(mechanism=mechanism), version)
    for mechanism in ("PLAIN", "TEMPORARY", "GSSAPI", "")
    for version in (0, 1)
]
TOKENS = [b"", b"\0alice\0wrong", b"\0\0", b"alice\0alice", b"bob\0alice\0secret", b"\xff" * 20]
WRONG = [
    framed(SaslAuthenticateRequest(auth_bytes=token), version)
    for token in TOKENS
    for version in (0, 1, 2)
]
OTHERS = [request_of(key) for key in (ApiKey.API_VERSIONS, ApiKey.METADATA, ApiKey.PRODUCE)]
FRAMES = st.lists(
    st.sampled_from([*HANDSHAKES, *WRONG, *TOKENS, *OTHERS]) | st.binary(max_size=40), max_size=8
)


def sent(client: Serving, frames: list[bytes]) -> None:
    session = client.connection.handler
    for frame in frames:
        answer = session.handle(client.connection, memoryview(frame))
        if isinstance(answer, Deferred):
            client.scheduler.advance(200)
            assert answer.is_done
            assert client.connection.is_shut
    client.scheduler.advance(1000)


@given(FRAMES)
def test_nobody_is_in_who_knows_no_password(frames: list[bytes]):
    client = Serving()
    sent(client, frames)
    assert client.connection.principal == ANONYMOUS
    assert all(frame[:2] == struct.pack(">h", ApiKey.API_VERSIONS) for frame in client.served)
    assert len([frame for frame in client.served if frame[3] <= 4]) <= 1


RIGHT = [framed(SaslAuthenticateRequest(auth_bytes=ALICE), version) for version in (0, 1, 2)]


@given(FRAMES, FRAMES, st.sampled_from(RIGHT))
def test_after_a_login_it_stays_that_of_the_same_user(
    before: list[bytes], after: list[bytes], right: bytes
):
    client = Serving(lifetime_ms=500)
    sent(client, [*before, HANDSHAKES[1], right, *after])
    assert client.connection.principal.name in ("ANONYMOUS", "alice")
