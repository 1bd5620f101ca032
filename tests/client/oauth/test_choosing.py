"""The settings say where tokens come from, and what can give none is refused at once."""

import asyncio
import random

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from logcore.client.config import CLIENT_CONFIG
from logcore.client.oauth.choosing import (
    BY_ASSERTION,
    CLIENT_ID,
    CLIENT_SECRET,
    ENDPOINT,
    JAVA,
    RETRIEVER,
    token_login,
)
from logcore.client.settings import Settings
from logcore.common.config import ConfigError
from tests.broker.security.signing import unsecured
from tests.client.oauth import identity_provider as idp

JWT = unsecured({"exp": 4_000_000_000})


def give():
    return JWT


def token(told, options=None):
    async def main():
        login = token_login(Settings(CLIENT_CONFIG, told), options or {}, random.Random(1))
        found = await login.token()
        login.close()
        return found

    return asyncio.run(main())


@pytest.mark.parametrize("function", [give, f"{__name__}.give", f"{__name__}:give"])
def test_a_function_or_its_name_goes_before_everything(function):
    told = {RETRIEVER: function, ENDPOINT: "https://localhost:1/token"}
    assert token(told, {"extension_tenant": "a"}).extensions == {"tenant": "a"}


@pytest.mark.parametrize("retriever", [None, f"{JAVA}DefaultJwtRetriever"])
def test_a_file(tmp_path, retriever):
    path = tmp_path / "a token"
    path.write_text(JWT)
    assert token({ENDPOINT: path.as_uri(), RETRIEVER: retriever}).value == JWT


@pytest.mark.parametrize("spelling", ["keys", "options"])
def test_credentials_in_both_spellings(spelling):
    with idp.identity_provider() as provider:
        told = {ENDPOINT: provider.url}
        options = {}
        if spelling == "keys":
            told |= {CLIENT_ID: idp.CLIENT_ID, CLIENT_SECRET: idp.CLIENT_SECRET}
            told |= {"sasl.oauthbearer.scope": "write"}
        else:
            options = {"clientId": idp.CLIENT_ID, "clientSecret": idp.CLIENT_SECRET}
            options |= {"scope": "write"}
        assert token(told, options).value.count(".") == 2
        assert provider.asked == [{"grant_type": "client_credentials", "scope": "write"}]


def test_an_assertion(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "key.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with idp.identity_provider() as provider:
        provider.assertion_key = key.public_key()
        prefix = "sasl.oauthbearer.assertion."
        told = {
            ENDPOINT: provider.url,
            RETRIEVER: BY_ASSERTION,
            f"{prefix}private.key.file": str(path),
            f"{prefix}algorithm": "ES256",
            f"{prefix}claim.aud": provider.url,
        }
        assert token(told).value.count(".") == 2


@pytest.mark.parametrize(
    ("told", "options", "words"),
    [
        ({}, {}, ENDPOINT),
        ({ENDPOINT: "ftp://idp/token"}, {}, "no URL"),
        ({ENDPOINT: "https:/token"}, {}, "no URL"),
        ({ENDPOINT: "idp"}, {}, "no URL"),
        ({ENDPOINT: "https://localhost:1/"}, {}, CLIENT_ID),
        ({ENDPOINT: "https://localhost:1/", CLIENT_ID: "me"}, {}, CLIENT_SECRET),
        ({ENDPOINT: "https://localhost:1/"}, {"clientSecret": "hush"}, CLIENT_ID),
        ({ENDPOINT: "https://localhost:1/", RETRIEVER: BY_ASSERTION}, {}, "private.key.file"),
        ({RETRIEVER: "no.such.module.name"}, {}, "cannot import"),
        ({RETRIEVER: "nothing"}, {}, "cannot import"),
        ({RETRIEVER: "os.no_such_name"}, {}, "cannot import"),
        ({RETRIEVER: "os.sep"}, {}, "cannot be called"),
        ({RETRIEVER: give}, {"extension_auth": "x"}, "sasl.jaas.config"),
        (
            {ENDPOINT: "https://localhost:1/", "ssl.truststore.location": "/no/such"},
            {},
            "client.id",
        ),
    ],
)
def test_what_can_give_no_token(told, options, words):
    with pytest.raises(ConfigError, match=words) as caught:
        token_login(Settings(CLIENT_CONFIG, told), options, random.Random(1))
    assert "hush" not in str(caught.value)


def test_secrets_in_the_clear_are_warned_of(caplog):
    told = {CLIENT_ID: "me", CLIENT_SECRET: "hush"}
    for url in ("https://localhost:1/", "http://localhost:1/"):
        token_login(Settings(CLIENT_CONFIG, {**told, ENDPOINT: url}), {}, random.Random(1))
    assert caplog.text == ""
    told[ENDPOINT] = f"{'http'}://idp/"
    token_login(Settings(CLIENT_CONFIG, told), {}, random.Random(1))
    assert "idp unencrypted" in caplog.text
    assert "hush" not in caplog.text
