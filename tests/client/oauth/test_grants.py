"""A token is asked for as RFC 6749 and RFC 7523 have it, and no secret is shown."""

import base64
from urllib.parse import parse_qs

import pytest

from logcore.client.oauth.grants import JWT_BEARER, ClientCredentials, JwtBearer

URL = "https://localhost/token"


def form(post):
    return {name: one for name, [one] in parse_qs(post.body.decode()).items()}


@pytest.mark.parametrize(
    ("is_encoded", "pair"),
    [(False, "a:b c%:d"), (True, "a%3Ab+c%25:d")],
)
def test_client_credentials(is_encoded, pair):
    post = ClientCredentials(URL, "a:b c%", "d", "read write", is_encoded)()
    expected = base64.b64encode(pair.encode()).decode()
    assert post.headers["Authorization"] == f"Basic {expected}"
    assert form(post) == {"grant_type": "client_credentials", "scope": "read write"}
    assert post.url == URL


def test_without_a_scope_none_is_asked_for():
    assert form(ClientCredentials(URL, "a", "b")()) == {"grant_type": "client_credentials"}


def test_an_assertion_is_made_anew_each_time():
    numbers = iter("12")
    grant = JwtBearer(URL, lambda: next(numbers), "read")
    for number in "12":
        post = grant()
        assert form(post) == {"grant_type": JWT_BEARER, "scope": "read", "assertion": number}
        assert "Authorization" not in post.headers


def test_nothing_secret_is_in_a_text():
    grant = ClientCredentials(URL, "me", "hush")
    shown = repr(grant) + repr(grant())
    assert "hush" not in shown
    assert base64.b64encode(b"me:hush").decode() not in shown
