"""Whether somebody signed a bearer token (RFC 7515) whose public key is known (RFC 7517).

Invariant: a signature is checked by the algorithm that the key is for, never by one that the token
alone picks; a token without a signature, or with one made with a shared secret, is refused. Without
a key nobody logs in.
Neighbours: `jwks` keeps the keys; `jwt` checks what is claimed. PyJWT and cryptography, which come
with ``logcore[oauth]``, do the arithmetic.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from logcore.broker.security.jwt import Unverified
from logcore.broker.security.oauthbearer import TokenRefusedError
from logcore.common.config import ConfigError

_ALGORITHMS: Final[Mapping[str, tuple[str, ...]]] = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC P-256": ("ES256",),
    "EC P-384": ("ES384",),
    "EC P-521": ("ES512",),
    "OKP Ed25519": ("EdDSA",),
}
"""Which algorithms a key of a type is for."""


class UnknownKeyError(TokenRefusedError):
    """A token is signed with a key that is not among those that are known."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked with.

    Attributes:
        key_id: What tokens call it; None if it has no name.
        algorithms: What it is for.
        key: The key, as PyJWT takes it.
    """

    key_id: str | None
    algorithms: tuple[str, ...]
    key: Any = field(repr=False)


def check_installed(key: str) -> None:
    """Check that signatures can be checked at all.

    Raises:
        ConfigError: If a package is missing; names the setting that needs it.
    """
    try:
        import cryptography  # noqa: F401, PLC0415 - an extra
        import jwt  # noqa: F401, PLC0415
    except ImportError:
        message = f"{key}: checking signatures needs two packages: pip install 'logcore[oauth]'"
        raise ConfigError(message, key=key) from None


def read_keys(data: bytes) -> list[PublicKey]:
    """Read a set of keys; those that are of no use here are left out.

    Raises:
        ValueError: If it is no set of keys.
    """
    try:
        listed = json.loads(data)["keys"]
    except (KeyError, TypeError, RecursionError):
        raise ValueError("it is no JSON object with a list of keys") from None
    if not isinstance(listed, list):
        raise ValueError("its keys are no list")  # noqa: TRY004 - of what was read, not a mistake
    return [key for each in listed if (key := _public_key(each)) is not None]


def _public_key(listed: object) -> PublicKey | None:
    import jwt  # noqa: PLC0415 - an extra

    if not isinstance(listed, dict) or listed.get("use", "sig") != "sig":
        return None
    kind = " ".join(str(listed[name]) for name in ("kty", "crv") if name in listed)
    algorithms = _ALGORITHMS.get(kind, ())
    if "alg" in listed:
        algorithms = tuple(name for name in algorithms if name == listed["alg"])
    if not algorithms:
        return None
    try:
        key = jwt.PyJWK.from_dict(listed, algorithm=algorithms[0]).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    key_id = listed.get("kid")
    return PublicKey(key_id if isinstance(key_id, str) else None, algorithms, key)


def verify(unverified: Unverified, keys: Iterable[PublicKey]) -> None:
    """Check the signature of a token.

    Raises:
        UnknownKeyError: If none of the keys is the one that it names.
        TokenRefusedError: If the signature is not by the key.
    """
    import jwt  # noqa: PLC0415 - an extra

    header = unverified.header
    name, key_id = header.get("alg"), header.get("kid")
    if "crit" in header:
        raise TokenRefusedError("the token demands an extension that is not known")
    if not any(name in algorithms for algorithms in _ALGORITHMS.values()):
        raise TokenRefusedError("the token is not signed with a public key's algorithm")
    fitting = [
        key for key in keys if name in key.algorithms and (key_id is None or key.key_id == key_id)
    ]
    if not fitting:
        raise UnknownKeyError("the token is signed with a key that is not known")
    algorithm = jwt.get_algorithm_by_name(str(name))
    if not any(
        algorithm.verify(unverified.signed, key.key, unverified.signature) for key in fitting
    ):
        raise TokenRefusedError("the token's signature is wrong")
