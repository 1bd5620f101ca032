"""The first SCRAM users of a cluster, from `logcore.add.scram`: somebody must be able to log in.

Written as Apache Kafka's `kafka-storage format --add-scram` takes it:
``SCRAM-SHA-256=[name=alice,password=secret]``, several separated by commas.
Invariant: a user that is there already is left alone, so the setting may stay where it is; the
password is not kept.
Neighbours: `logins` adds these at the start; `controller.scram` has the records.
Source: Apache Kafka 4.3.1, `ScramParser`.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Sequence
from typing import Any, Final

from logcore.common.config import ConfigError
from logcore.common.scram import (
    ITERATIONS_MAX,
    ITERATIONS_MIN,
    MECHANISMS,
    ScramCredential,
    ScramMechanism,
    credential_of,
    salted_password,
)
from logcore.controller.image import MetadataImage
from logcore.controller.scram import ScramKey, record_of

KEY: Final = "logcore.add.scram"
_SALT_BYTES: Final = 20
_VALUE: Final = r'(?:"(?:\\.|[^"\\])*"|[^",\]]*)'
_ENTRY: Final = re.compile(rf"\s*([A-Z0-9-]+)=\[((?:\w+={_VALUE},?)*)\]\s*(?:,|$)")
_FIELD: Final = re.compile(rf"(\w+)=({_VALUE})(?:,|$)")
_FIELDS: Final = {"name", "password", "salt", "iterations", "saltedpassword"}


def read(text: str) -> dict[ScramKey, ScramCredential]:
    """Read the users.

    Raises:
        ConfigError: If they are not written as they should be; it has no password in it.
    """
    users: dict[ScramKey, ScramCredential] = {}
    position, text = 0, text.strip()
    while position < len(text):
        entry = _ENTRY.match(text, position)
        if entry is None:
            raise _error("write it as SCRAM-SHA-256=[name=USER,password=PASSWORD]")
        mechanism = MECHANISMS.get(entry[1])
        if mechanism is None:
            raise _error(f"{entry[1]} is not one of {', '.join(MECHANISMS)}")
        fields = {name: _plain(value) for name, value in _FIELD.findall(entry[2])}
        name, credential = _user(mechanism, fields)
        users[name, mechanism.number] = credential
        position = entry.end()
    return users


def missing(
    image: MetadataImage, users: dict[ScramKey, ScramCredential]
) -> tuple[Sequence[Any], list[str]]:
    """Return the records of users that are not there yet, and their names."""
    absent = [key for key in users if key not in image.scram]
    records = [record_of(name, number, users[name, number]) for name, number in absent]
    return records, [name for name, _ in absent]


def _user(mechanism: ScramMechanism, fields: dict[str, str]) -> tuple[str, ScramCredential]:
    unknown = fields.keys() - _FIELDS
    if unknown or not fields.get("name"):
        raise _error("a user has a name, and a password or a saltedpassword with its salt")
    name = fields["name"]
    iterations = fields.get("iterations", str(ITERATIONS_MIN))
    if not iterations.isdecimal() or not ITERATIONS_MIN <= int(iterations) <= ITERATIONS_MAX:
        problem = f"the iterations of {name} are not between {ITERATIONS_MIN} and {ITERATIONS_MAX}"
        raise _error(problem)
    salt = _base64(name, fields["salt"]) if "salt" in fields else secrets.token_bytes(_SALT_BYTES)
    has_password = bool(fields.get("password"))
    if has_password == ("saltedpassword" in fields) or not (has_password or "salt" in fields):
        raise _error(f"{name} needs a password, or else a saltedpassword with its salt")
    if has_password:
        salted = salted_password(mechanism, fields["password"], salt, int(iterations))
    else:
        salted = _base64(name, fields["saltedpassword"])
    return name, credential_of(mechanism, salted, salt, int(iterations))


def _plain(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _base64(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise _error(f"a value of {name} is not base64") from None


def _error(problem: str) -> ConfigError:
    return ConfigError(f"{KEY}: {problem}", key=KEY)
