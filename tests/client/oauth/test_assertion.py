"""An assertion is read, or signed as the settings say; what is wrong with them is told."""

import json
import sys

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from logcore.client.config import CLIENT_CONFIG
from logcore.client.oauth.assertion import KEY_FILE, PREFIX, assertion_of
from logcore.client.settings import Settings
from logcore.common.config import ConfigError
from logcore.common.errors import TokenUnavailableError

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


def key_file(tmp_path, key=RSA, passphrase=None):
    encryption = (
        serialization.NoEncryption()
        if passphrase is None
        else serialization.BestAvailableEncryption(passphrase.encode())
    )
    path = tmp_path / "key.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    return str(path)


def made(**told):
    settings = {f"{PREFIX}{name.replace('_', '.')}": value for name, value in told.items()}
    return assertion_of(Settings(CLIENT_CONFIG, settings))()


def test_a_file_is_read_each_time(tmp_path):
    path = tmp_path / "assertion"
    make = assertion_of(Settings(CLIENT_CONFIG, {f"{PREFIX}file": str(path)}))
    for text in ("one", "two"):
        path.write_text(f"{text}\n")
        assert make() == text


def test_what_is_signed(tmp_path):
    (tmp_path / "template").write_text(
        json.dumps({"header": {"kid": "k"}, "payload": {"tenant": "t", "sub": "other"}})
    )
    text = made(
        private_key_file=key_file(tmp_path),
        claim_aud="idp",
        claim_iss="me",
        claim_sub="me too",
        claim_jti_include=True,
        claim_exp_seconds=60,
        claim_nbf_seconds=5,
        template_file=str(tmp_path / "template"),
    )
    claims = jwt.decode(text, RSA.public_key(), ["RS256"], audience="idp", issuer="me")
    assert (claims["sub"], claims["tenant"]) == ("me too", "t")
    assert (claims["exp"] - claims["iat"], claims["iat"] - claims["nbf"]) == (60, 5)
    assert claims["jti"]
    assert jwt.get_unverified_header(text)["kid"] == "k"


def test_a_key_that_is_encrypted(tmp_path):
    location = key_file(tmp_path, EC, "pass")
    told = {"private_key_file": location, "algorithm": "es256"}
    text = made(**told, private_key_passphrase="pass")
    assert "jti" not in jwt.decode(text, EC.public_key(), ["ES256"])
    for wrong in ({}, {"private_key_passphrase": "hush"}):
        with pytest.raises(TokenUnavailableError, match=location) as caught:
            made(**told, **wrong)
        assert "hush" not in str(caught.value)


def test_a_key_of_another_kind(tmp_path):
    with pytest.raises(TokenUnavailableError, match="cannot sign"):
        made(private_key_file=key_file(tmp_path, EC), algorithm="RS256")


@pytest.mark.parametrize("content", ["", "[]", '{"header": 5}', "[" * 100_000])
def test_a_template_that_is_none(tmp_path, content):
    (tmp_path / "template").write_text(content)
    with pytest.raises(TokenUnavailableError, match="template"):
        made(private_key_file=key_file(tmp_path), template_file=str(tmp_path / "template"))


def test_neither_a_file_nor_a_key():
    with pytest.raises(ConfigError, match=KEY_FILE):
        made()


def test_what_signs_may_not_be_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jwt", None)
    with pytest.raises(ConfigError, match=r"logcore\[oauth\]"):
        made(private_key_file=key_file(tmp_path))
