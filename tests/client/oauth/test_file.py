"""A file with a token is read each time, and what is wrong with it is told."""

import asyncio

import pytest

from logcore.client.oauth.file import BYTES_MAX, from_file
from logcore.common.errors import TokenUnavailableError
from tests.broker.security.signing import unsecured


def test_a_new_token_counts_at_once(tmp_path):
    path = tmp_path / "token"
    source = from_file(path, {"tenant": "a"})
    for seconds in (5, 6):
        path.write_text(f"\n{unsecured({'exp': seconds})}\n")
        token = asyncio.run(source())
        assert (token.expires_ms, token.extensions) == (seconds * 1000, {"tenant": "a"})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file"),
        (b"", "no JWT"),
        (b"opaque", "no JWT"),
        (b"\xff\xfe", "no text"),
        (b"x" * (BYTES_MAX + 1), "bytes"),
    ],
)
def test_what_is_no_token(tmp_path, content, told):
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TokenUnavailableError, match=told) as caught:
        asyncio.run(from_file(path, {})())
    assert str(path) in str(caught.value)
    assert "opaque" not in str(caught.value).replace(str(path), "")
