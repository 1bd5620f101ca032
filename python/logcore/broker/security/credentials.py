"""The users and delegation tokens that log in by SCRAM, as the metadata has them now.

Invariant: what is removed from the metadata logs nobody in from then on; a token that is over logs
nobody in, swept or not.
Neighbours: `scram` asks; `controller.scram` and `controller.delegation_tokens` keep both.
"""

import base64
import hmac
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from logcore.broker.security.exchange import Login
from logcore.broker.security.scram import Known
from logcore.common.scram import (
    ITERATIONS_MIN,
    ScramCredential,
    ScramMechanism,
    credential_of,
    salted_password,
)
from logcore.controller.delegation_tokens import TokenSettings
from logcore.controller.image import MetadataImage

_REMEMBERED_MAX: Final = 1000


class MetadataCredentials:
    """What the metadata knows of users and tokens.

    Args:
        image: Returns the metadata.
        tokens: What holds for tokens.
        now_ms: Tells the time.
    """

    def __init__(
        self, image: Callable[[], MetadataImage], tokens: TokenSettings, now_ms: Callable[[], int]
    ) -> None:
        self._image = image
        self._tokens = tokens
        self._now_ms = now_ms
        self._of_tokens: OrderedDict[tuple[str, int], ScramCredential] = OrderedDict()

    def of_user(self, mechanism: ScramMechanism, user: str) -> Known | None:
        """Return what is known of a user."""
        credential = self._image().scram.get((user, mechanism.number))
        return None if credential is None else Known(credential, Login(user))

    def of_token(self, mechanism: ScramMechanism, token_id: str) -> Known | None:
        """Return what is known of a delegation token, whose secret is its password."""
        token = self._image().delegation_tokens.get(token_id)
        if token is None or not self._tokens.secret_key or token.is_expired(self._now_ms()):
            return None
        credential = self._credential(mechanism, token_id)
        return Known(credential, Login(token.owner.name, token.expiry_ms, has_token=True))

    def _credential(self, mechanism: ScramMechanism, token_id: str) -> ScramCredential:
        """Return the credential of a token; hashing takes milliseconds, so it is remembered."""
        key = token_id, mechanism.number
        found = self._of_tokens.get(key)
        if found is None:
            secret = self._tokens.secret_of(token_id)
            salt = hmac.digest(secret, b"salt", "sha256")
            password = base64.b64encode(secret).decode()
            salted = salted_password(mechanism, password, salt, ITERATIONS_MIN)
            found = credential_of(mechanism, salted, salt, ITERATIONS_MIN)
        self._of_tokens[key] = found
        self._of_tokens.move_to_end(key)
        if len(self._of_tokens) > _REMEMBERED_MAX:
            self._of_tokens.popitem(last=False)
        return found
