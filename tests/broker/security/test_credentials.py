"""Users and tokens log in as the metadata has them now, and no longer."""

import base64
from dataclasses import replace

from logcore.broker.security.credentials import MetadataCredentials
from logcore.broker.security.exchange import Login
from logcore.common.principal import Principal
from logcore.common.scram import MECHANISMS, ScramCredential, credential_of, salted_password
from logcore.controller.delegation_tokens import DelegationToken, TokenSettings
from logcore.controller.image import EMPTY

SHA256, SHA512 = MECHANISMS.values()
SOME = ScramCredential(b"salt", b"stored", b"server", 4096)
SETTINGS = TokenSettings(b"key", 1000, 300)
ALICE = Principal("User", "alice")
TOKEN = DelegationToken("id", ALICE, ALICE, (), issued_ms=0, max_ms=1000, expiry_ms=300)


class Metadata:
    def __init__(self) -> None:
        self.image = replace(EMPTY, scram={("alice", 1): SOME}, delegation_tokens={"id": TOKEN})
        self.now_ms = 0
        self.credentials = MetadataCredentials(lambda: self.image, SETTINGS, lambda: self.now_ms)


def test_a_user_by_the_mechanism_that_was_set():
    metadata = Metadata()
    known = metadata.credentials.of_user(SHA256, "alice")
    assert known is not None
    assert (known.credential, known.login) == (SOME, Login("alice"))
    assert metadata.credentials.of_user(SHA512, "alice") is None
    assert metadata.credentials.of_user(SHA256, "id") is None
    metadata.image = EMPTY
    assert metadata.credentials.of_user(SHA256, "alice") is None


def test_a_token_has_its_secret_for_a_password_and_logs_in_its_owner():
    metadata = Metadata()
    for mechanism in (SHA256, SHA512):
        known = metadata.credentials.of_token(mechanism, "id")
        assert known is not None
        assert known.login == Login("alice", 300, has_token=True)
        password = base64.b64encode(SETTINGS.secret_of("id")).decode()
        salt, iterations = known.credential.salt, known.credential.iterations
        salted = salted_password(mechanism, password, salt, iterations)
        assert known.credential == credential_of(mechanism, salted, salt, iterations)
    assert metadata.credentials.of_token(SHA256, "alice") is None


def test_a_token_that_is_over_or_gone_logs_nobody_in():
    metadata = Metadata()
    metadata.now_ms = 300
    assert metadata.credentials.of_token(SHA256, "id") is not None
    metadata.now_ms = 301
    assert metadata.credentials.of_token(SHA256, "id") is None
    metadata.now_ms = 0
    metadata.image = EMPTY
    assert metadata.credentials.of_token(SHA256, "id") is None


def test_without_a_key_no_token_is_good():
    off = MetadataCredentials(lambda: Metadata().image, TokenSettings(None, 1000, 300), lambda: 0)
    assert off.of_token(SHA256, "id") is None


def test_no_more_is_remembered_than_so_many(monkeypatch):
    monkeypatch.setattr("logcore.broker.security.credentials._REMEMBERED_MAX", 2)
    metadata = Metadata()
    names = [f"id{number}" for number in range(4)]
    tokens = {name: replace(TOKEN, token_id=name) for name in names}
    metadata.image = replace(EMPTY, delegation_tokens=tokens)
    for name in names:
        assert metadata.credentials.of_token(SHA256, name) is not None
    assert len(metadata.credentials._of_tokens) == 2
