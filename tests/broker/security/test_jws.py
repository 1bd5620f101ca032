"""Only a signature by a known public key lets a token count; each known trick is refused."""

import builtins
import hmac
import json

import jwt
import pytest

from logcore.broker.security.jws import UnknownKeyError, check_installed, read_keys, verify
from logcore.broker.security.jwt import take_apart
from logcore.broker.security.oauthbearer import TokenRefusedError
from logcore.common.config import ConfigError
from tests.broker.security.signing import (
    CLAIMS,
    ec_key,
    encoded,
    jwk,
    jwks,
    rsa_key,
    token,
    unsecured,
)

KEYS = read_keys(jwks("one", "two"))


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS256"])
def test_a_signature_by_a_known_key(algorithm: str):
    verify(take_apart(token(alg=algorithm)), KEYS)
    verify(take_apart(token(name="two", kid=None, alg=algorithm)), KEYS)


def test_elliptic_curves_by_their_own_algorithm_only():
    listed = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec_key("e").public_key()))
    (key,) = read_keys(json.dumps({"keys": [listed]}).encode())
    assert key.algorithms == ("ES256",)
    verify(take_apart(jwt.encode(CLAIMS, ec_key("e"), "ES256")), [key])
    with pytest.raises(UnknownKeyError):
        verify(take_apart(token(kid=None)), [key])


def test_a_key_that_is_not_known():
    for unknown in (token(name="three"), token(kid="three")):
        with pytest.raises(UnknownKeyError):
            verify(take_apart(unknown), KEYS)
    with pytest.raises(UnknownKeyError):
        verify(take_apart(token()), [])


def test_a_token_that_was_changed_or_signed_by_another():
    header, claims, signature = token().split(".")
    forged = encoded(json.dumps(CLAIMS | {"sub": "admin"}).encode())
    for changed in (
        f"{header}.{forged}.{signature}",
        f"{header}.{claims}.{signature[:-4]}AAAA",
        f"{header}.{claims}.",
        token(name="three", kid="one"),
    ):
        with pytest.raises(TokenRefusedError, match="signature is wrong"):
            verify(take_apart(changed), KEYS)


def test_cve_2026_110985_a_token_without_a_signature_is_never_taken_for_a_signed_one():
    for header in ({"alg": "none"}, {"alg": "none", "kid": "one"}, {"kid": "one"}, {"alg": "NONE"}):
        with pytest.raises(TokenRefusedError, match="not signed with a public key"):
            verify(take_apart(unsecured(CLAIMS, header)), KEYS)


def test_a_public_key_is_no_shared_secret():
    """Of those who take the algorithm from the token alone, anybody can forge a signature."""
    public = json.dumps(jwk("one")).encode()
    head = encoded(json.dumps({"alg": "HS256", "kid": "one"}).encode())
    signed = f"{head}.{encoded(json.dumps(CLAIMS).encode())}"
    forged = f"{signed}.{encoded(hmac.digest(public, signed.encode(), 'sha256'))}"
    with pytest.raises(TokenRefusedError, match="not signed with a public key"):
        verify(take_apart(forged), KEYS)
    shared = {"kty": "oct", "k": encoded(b"secret" * 8), "kid": "s", "alg": "HS256"}
    assert read_keys(json.dumps({"keys": [shared]}).encode()) == []


def test_a_key_for_encryption_or_for_another_algorithm_is_left_out():
    listed = [jwk("one", use="enc"), jwk("one", alg="RS512"), jwk("one", alg="none"), 5, {}]
    (key,) = read_keys(json.dumps({"keys": listed}).encode())
    assert key.algorithms == ("RS512",)
    with pytest.raises(UnknownKeyError):
        verify(take_apart(token()), [key])


def test_a_broken_key_is_left_out():
    listed = [jwk("one", n="!"), {"kty": "RSA"}, {"kty": "EC", "crv": "P-256", "x": "A", "y": "A"}]
    assert read_keys(json.dumps({"keys": listed}).encode()) == []


def test_what_a_token_demands_and_is_not_known_is_refused():
    with pytest.raises(TokenRefusedError, match="extension"):
        verify(take_apart(token(crit=["exp"])), KEYS)


@pytest.mark.parametrize("data", [b"", b"5", b"[]", b"{}", b'{"keys": 5}', b"[" * 100_000])
def test_what_is_no_set_of_keys(data: bytes):
    with pytest.raises(ValueError, match=r"\w"):
        read_keys(data)


def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def refuse(name: str, *rest: object) -> object:
        if name.partition(".")[0] in ("jwt", "cryptography"):
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ConfigError, match=r"pip install 'logcore\[oauth\]'"):
        check_installed("some.key")


def test_keys_do_not_show_themselves():
    assert rsa_key("one") is not None
    assert "RSAPublicKey" not in repr(KEYS[0])
