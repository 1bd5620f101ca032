"""An admin client's settings are every client's."""

from logcore.admin.config import ADMIN_CONFIG
from logcore.client.config import CLIENT_KEYS


def test_it_has_what_every_client_has() -> None:
    assert all(key.name in ADMIN_CONFIG for key in CLIENT_KEYS)
