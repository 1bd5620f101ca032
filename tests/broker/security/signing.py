"""Makes keys, sets of keys and signed tokens, by the packages of ``logcore[oauth]``."""

import base64
import json
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

NOW_MS = 1_700_000_000_000
CLAIMS = {"sub": "alice", "iat": NOW_MS // 1000 - 10, "exp": NOW_MS // 1000 + 300}


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """A key that is made once for each name."""
    assert name
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    assert name
    return ec.generate_private_key(ec.SECP256R1())


def jwk(name: str, **more: Any) -> dict[str, Any]:
    """The public half of an RSA key, as a set lists it."""
    listed = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key(name).public_key()))
    return {**listed, "kid": name, **more}


def jwks(*names: str) -> bytes:
    return json.dumps({"keys": [jwk(name) for name in names]}).encode()


def token(claims: dict[str, Any] | None = None, name: str = "one", **headers: Any) -> str:
    """A token signed by an RSA key."""
    algorithm = headers.pop("alg", "RS256")
    headers = {"kid": name} | headers
    headers = {key: value for key, value in headers.items() if value is not None}
    return jwt.encode(CLAIMS if claims is None else claims, rsa_key(name), algorithm, headers)


def unsecured(claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    """A token that nobody signed."""
    parts = (json.dumps(header or {"alg": "none"}), json.dumps(claims))
    return ".".join(encoded(part.encode()) for part in parts) + "."


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
