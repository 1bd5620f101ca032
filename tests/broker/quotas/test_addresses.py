"""Addresses of quotas, and names of them."""

import pytest

from logcore.broker.quotas.addresses import is_address, plain, resolved


@pytest.mark.parametrize(
    ("name", "expected"),
    [("10.0.0.1", True), ("::1", True), ("localhost", False), ("", False), ("10.0.0", False)],
)
def test_what_is_an_address(name, expected):
    assert is_address(name) is expected


def test_addresses_are_spelt_as_connections_have_them():
    assert plain("::FFFF:127.0.0.1") == "127.0.0.1"
    assert plain("2001:DB8:0::1") == "2001:db8::1"


def test_names_are_looked_up():
    assert set(resolved("localhost")) & {"127.0.0.1", "::1"}
    assert resolved("127.0.0.1") == ["127.0.0.1"]
    assert resolved("no such name.invalid") == []
    assert resolved("x" * 300) == []
