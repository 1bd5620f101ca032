"""Settings say what a client logs in with, in Java's spelling too; what cannot work is refused."""

import asyncio
import base64
import random
from typing import Any

import pytest

from logcore.client.config import CLIENT_CONFIG
from logcore.client.logins import make_login
from logcore.client.settings import Settings
from logcore.common.config import ConfigError

MODULE = "org.apache.kafka.common.security.{}LoginModule required"


def first_message(**settings: Any) -> bytes:
    async def main() -> bytes:
        login = make_login(Settings(CLIENT_CONFIG, settings), random.Random(1))
        exchange = await login.exchange()
        login.close()
        return next(exchange)

    return asyncio.run(main())


@pytest.mark.parametrize(
    "settings",
    [
        {"sasl_username": "me", "sasl_password": 'a"b'},
        {"sasl_jaas_config": MODULE.format("plain.Plain") + r' username="me" password="a\"b";'},
        {
            "sasl_jaas_config": MODULE.format("plain.Plain") + ' username="x" password="y";',
            "sasl_username": "me",
            "sasl_password": 'a"b',
        },
    ],
)
def test_plain(settings: dict[str, str]) -> None:
    assert first_message(**settings) == b'\0me\0a"b'


def test_scram_and_delegation_tokens() -> None:
    told = {"sasl_mechanism": "SCRAM-SHA-512", "sasl_username": "me", "sasl_password": "x"}
    one, other = first_message(**told), first_message(**told)
    assert one.startswith(b"n,,n=me,r=")
    assert one != other
    jaas = MODULE.format("scram.Scram") + ' username="id" password="mac" tokenauth="true";'
    by_token = first_message(sasl_mechanism="SCRAM-SHA-256", sasl_jaas_config=jaas)
    assert by_token.endswith(b",tokenauth=true")
    assert len(base64.b64decode(by_token.split(b"r=")[1].split(b",")[0])) == 24


def test_a_bearer_token() -> None:
    told = {
        "sasl_mechanism": "OAUTHBEARER",
        "sasl_oauthbearer_jwt_retriever_class": lambda: "e30.eyJleHAiOiA0MDAwMDAwMDAwfQ.",
        "sasl_jaas_config": MODULE.format("oauthbearer.OAuthBearer") + ' extension_tenant="t";',
    }
    message = first_message(**told)
    assert message == b"n,,\x01auth=Bearer e30.eyJleHAiOiA0MDAwMDAwMDAwfQ.\x01tenant=t\x01\x01"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "sasl.username"),
        ({"sasl_username": "me"}, "sasl.password"),
        ({"sasl_password": "hush"}, "sasl.username"),
        ({"sasl_mechanism": "GSSAPI"}, "GSSAPI is not one of .*OAUTHBEARER"),
        ({"sasl_mechanism": "OAUTHBEARER"}, "sasl.oauthbearer.token.endpoint.url"),
        ({"sasl_jaas_config": 'a.B required password="hush'}, "sasl.jaas.config"),
    ],
)
def test_what_cannot_log_in(settings: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        make_login(Settings(CLIENT_CONFIG, settings), random.Random(1))
    assert "hush" not in str(caught.value)
