"""Users' passwords and clients' quotas are set, told and taken away."""

import pytest

from logcore.admin.admin import Admin
from logcore.admin.users import ANY_NAME, DEFAULT, Credential, Mechanism
from logcore.common.errors import InvalidRequestError, ResourceNotFoundError
from logcore.testing.topics import fresh_name
from tests.eventually import eventually


def test_passwords(admin: Admin) -> None:
    user = fresh_name("user")
    for mechanism in Mechanism:
        admin.users.set_password(user, "secret", mechanism, iterations=5000)
    both = {Credential(mechanism, 5000) for mechanism in Mechanism}
    eventually(lambda: set(admin.users.credentials(user)[user]) == both)
    admin.users.remove_password(user, Mechanism.SCRAM_SHA_256)
    left = (Credential(Mechanism.SCRAM_SHA_512, 5000),)
    eventually(lambda: admin.users.credentials(user)[user] == left)
    with pytest.raises(ResourceNotFoundError):
        admin.users.remove_password(user, Mechanism.SCRAM_SHA_256)
    nobody = fresh_name("user")
    assert isinstance(admin.users.credentials(nobody).errors[nobody], ResourceNotFoundError)


def test_quotas(admin: Admin) -> None:
    user = fresh_name("user")
    entity = (("user", user),)
    limits = {"producer_byte_rate": 1000.0, "consumer_byte_rate": 2000.0}
    admin.quotas.alter(entity, limits)
    eventually(lambda: admin.quotas.describe({"user": user}) == {entity: limits})
    admin.quotas.alter(entity, {"producer_byte_rate": None})
    left = {entity: {"consumer_byte_rate": 2000.0}}
    eventually(lambda: admin.quotas.describe({"user": user}, strict=True) == left)
    found = admin.quotas.describe({"user": ANY_NAME}, strict=True)
    assert found[entity] == left[entity]
    assert admin.quotas.describe({"user": DEFAULT}, strict=True) == {}
    admin.quotas.alter([("client-id", DEFAULT)], {"request_percentage": 50.0}, validate_only=True)
    with pytest.raises(InvalidRequestError):
        admin.quotas.alter(entity, {"bogus": 1.0})
