"""What the settings say of logins is what one gets, and what cannot be had stops the start."""

import json
from pathlib import Path
from typing import Any

import pytest

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.security.exchange import Login, Mechanisms
from logcore.broker.security.mechanism_settings import MechanismSettings
from logcore.broker.security.mechanisms import MechanismMaker
from logcore.common.clock import ManualScheduler
from logcore.common.config import ConfigError
from logcore.common.deferred import Deferred
from tests.broker.security.signing import CLAIMS, NOW_MS, jwks, token, unsecured

PREFIX = "listener.name.sasl_plaintext."
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required"
HANDLERS = "org.apache.kafka.common.security.oauthbearer."
UNSECURED_HANDLER = f"{HANDLERS}internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler"


class Nobody:
    def of_user(self, *_: object) -> None:
        return None

    def of_token(self, *_: object) -> None:
        return None


def config_of(mechanisms: str, **settings: str) -> BrokerConfig:
    listeners = "SASL_PLAINTEXT://127.0.0.1:0,SASL_SSL://127.0.0.1:0"
    return BrokerConfig({"listeners": listeners, "sasl.enabled.mechanisms": mechanisms, **settings})


def made(mechanisms: str, listener: str = "SASL_PLAINTEXT", **settings: Any) -> Mechanisms:
    maker = MechanismMaker(
        Nobody(), b"decoy", ManualScheduler(start_ms=NOW_MS), lambda _: Deferred()
    )
    return maker.make(config_of(mechanisms, **settings), listener)


def logged_in(mechanisms: Mechanisms, token: str) -> Login | None:
    exchange = mechanisms["OAUTHBEARER"]()
    exchange.respond(f"n,,\x01auth=Bearer {token}\x01\x01".encode())
    return exchange.login


def test_the_users_of_plain_are_those_of_the_module():
    jaas = f'{PLAIN} username="broker" password="b" user_alice="secret" user_bob="b";'
    found = made("PLAIN", **{f"{PREFIX}plain.sasl.jaas.config": jaas})
    exchange = found["PLAIN"]()
    exchange.respond(b"\0bob\0b")
    assert exchange.login == Login("bob")


def test_scram_needs_no_module_and_takes_one():
    assert list(made("SCRAM-SHA-256, SCRAM-SHA-512")) == ["SCRAM-SHA-256", "SCRAM-SHA-512"]
    module = "org.apache.kafka.common.security.scram.ScramLoginModule required username=x;"
    made("SCRAM-SHA-256", **{f"{PREFIX}scram-sha-256.sasl.jaas.config": module})


def test_a_listener_has_mechanisms_of_its_own():
    settings = {f"{PREFIX}sasl.enabled.mechanisms": "SCRAM-SHA-512"}
    assert list(made("SCRAM-SHA-256", **settings)) == ["SCRAM-SHA-512"]
    assert list(made("SCRAM-SHA-256", "SASL_SSL", **settings)) == ["SCRAM-SHA-256"]


def test_the_narrowest_setting_counts():
    key = "connections.max.reauth.ms"
    config = config_of(
        "PLAIN",
        **{key: "1", f"{PREFIX}{key}": "2", f"{PREFIX}plain.{key}": "3"},
    )
    found = [
        MechanismSettings(config, listener, mechanism)[key]
        for listener, mechanism in (
            ("SASL_PLAINTEXT", "PLAIN"),
            ("SASL_PLAINTEXT", "SCRAM-SHA-256"),
            ("SASL_SSL", "PLAIN"),
        )
    ]
    assert found == [3, 2, 1]


@pytest.mark.parametrize(
    ("mechanisms", "settings", "says"),
    [
        ("GSSAPI", {}, "asks for GSSAPI; logcore has PLAIN"),
        ("PLAIN,GSSAPI", {}, "asks for GSSAPI"),
        ("", {}, "asks for nothing"),
        ("plain", {}, "asks for plain"),
        ("PLAIN", {}, r"plain\.sasl\.jaas\.config: PLAIN on SASL_PLAINTEXT needs"),
        ("PLAIN", {"sasl.jaas.config": f"{PLAIN} user_a=b;"}, "needs a PlainLoginModule here"),
        ("PLAIN", {f"{PREFIX}plain.sasl.jaas.config": f"{OAUTH} a=b;"}, "not OAuthBearerLoginMod"),
        ("SCRAM-SHA-256", {f"{PREFIX}scram-sha-256.sasl.jaas.config": "x"}, "is not CLASS"),
        ("SCRAM-SHA-256", {"sasl.server.callback.handler.class": "org.X"}, "runs no Java"),
        ("OAUTHBEARER", {}, "needs the keys that sign tokens"),
        ("OAUTHBEARER", {"sasl.server.callback.handler.class": "org.X"}, "runs no Java"),
        (
            "OAUTHBEARER",
            {
                "sasl.oauthbearer.jwks.endpoint.url": "https://127.0.0.1/x",
                "sasl.oauthbearer.jwt.validator.class": "org.X",
            },
            "runs no Java",
        ),
        ("OAUTHBEARER", {"sasl.oauthbearer.jwks.endpoint.url": "ftp://x/y"}, "is no URL"),
        ("OAUTHBEARER", {"sasl.oauthbearer.jwks.endpoint.url": "file:///no"}, "no keys in"),
    ],
)
def test_what_cannot_be_had(mechanisms: str, settings: dict[str, str], says: str):
    with pytest.raises(ConfigError, match=says):
        made(mechanisms, **settings)


def test_bearer_tokens_are_checked_by_the_keys_and_claims_of_the_settings(tmp_path: Path):
    (tmp_path / "keys").write_bytes(jwks("one"))
    settings = {
        "sasl.oauthbearer.jwks.endpoint.url": (tmp_path / "keys").as_uri(),
        "sasl.oauthbearer.expected.audience": "kafka,logcore",
        "sasl.oauthbearer.expected.issuer": "urn:idp",
        "sasl.oauthbearer.sub.claim.name": "email",
        "sasl.oauthbearer.clock.skew.seconds": "60",
        f"{PREFIX}oauthbearer.sasl.server.callback.handler.class": (
            f"{HANDLERS}OAuthBearerValidatorCallbackHandler"
        ),
    }
    found = made("OAUTHBEARER", **settings)
    claims = {"email": "a@b", "iss": "urn:idp", "aud": "logcore", "iat": NOW_MS // 1000}
    good = CLAIMS | claims | {"exp": NOW_MS // 1000 - 59, "iat": NOW_MS // 1000 - 100}
    login = logged_in(found, token(good))
    assert login is not None
    assert login.name == "a@b"
    for wrong in ({"aud": "x"}, {"iss": "x"}, {"email": ""}, {"exp": NOW_MS // 1000 - 60}):
        assert logged_in(found, token(good | wrong)) is None
    assert logged_in(found, token(good, name="two")) is None
    assert logged_in(found, unsecured(good)) is None


def test_cve_2026_110985_without_keys_no_token_is_taken_unless_the_settings_say_so(caplog):
    jaas = f"{PREFIX}oauthbearer.sasl.jaas.config"
    handler = f"{PREFIX}oauthbearer.sasl.server.callback.handler.class"
    checking = f"{HANDLERS}OAuthBearerValidatorCallbackHandler"
    unsigned = {jaas: f'{OAUTH} unsecuredLoginStringClaim_sub="admin";'}
    for settings in (
        {jaas: f"{OAUTH};"},
        {jaas: f"{OAUTH} clientId=x;"},
        {handler: checking},
        {handler: checking, **unsigned},
    ):
        with pytest.raises(ConfigError, match="needs the keys that sign tokens"):
            made("OAUTHBEARER", **settings)
    assert not caplog.messages
    for settings in (unsigned, {handler: UNSECURED_HANDLER}):
        login = logged_in(made("OAUTHBEARER", **settings), unsecured(CLAIMS))
        assert login is not None
        assert login.name == "alice"
        assert "lets in whoever calls itself by any name" in caplog.text
        caplog.clear()


def test_the_keys_count_where_both_are_set(tmp_path: Path):
    (tmp_path / "keys").write_bytes(jwks("one"))
    settings = {
        f"{PREFIX}oauthbearer.sasl.jaas.config": f"{OAUTH} unsecuredLoginStringClaim_sub=admin;",
        "sasl.oauthbearer.jwks.endpoint.url": (tmp_path / "keys").as_uri(),
    }
    assert logged_in(made("OAUTHBEARER", **settings), unsecured(CLAIMS)) is None


def test_options_of_unsecured_tokens():
    options = (
        'unsecuredValidatorPrincipalClaimName="name" unsecuredValidatorScopeClaimName="scp" '
        'unsecuredValidatorRequiredScope="read write" unsecuredValidatorAllowableClockSkewMs="3000"'
    )
    jaas = f"{PREFIX}oauthbearer.sasl.jaas.config"
    found = made("OAUTHBEARER", **{jaas: f"{OAUTH} {options};"})
    claims = {"name": "bob", "scp": ["read", "write"], "exp": NOW_MS // 1000 - 2}
    login = logged_in(found, unsecured(claims))
    assert login is not None
    assert login.name == "bob"
    exchange = found["OAUTHBEARER"]()
    bearer = unsecured(claims | {"scp": "read"})
    answer = exchange.respond(f"n,,\x01auth=Bearer {bearer}\x01\x01".encode())
    assert json.loads(answer) == {"status": "insufficient_scope", "scope": "read write"}
    with pytest.raises(ConfigError, match="is no number"):
        made("OAUTHBEARER", **{jaas: f"{OAUTH} unsecuredValidatorAllowableClockSkewMs=x;"})
