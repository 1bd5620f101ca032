"""Addresses are read as Kafka's clients read them, and names are resolved."""

import asyncio

import pytest

from logcore.client.addresses import Address, parse_address, parse_addresses, resolve
from logcore.common.config import ConfigError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:9092", Address("localhost", 9092)),
        ("SASL_SSL://a.b.c:1", Address("a.b.c", 1)),
        ("[::1]:65535", Address("::1", 65535)),
        ("::1:9092", Address("::1", 9092)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["", "localhost", ":9092", "a:0", "a:65536", "a:9_0", "a:x", "a:-1"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ConfigError, match=r"bootstrap\.servers"):
        parse_address(text)


def test_lists() -> None:
    assert parse_addresses(("a:1", "b:2", "a:1")) == (Address("a", 1), Address("b", 2))
    with pytest.raises(ConfigError, match="no broker"):
        parse_addresses(())


def test_resolving() -> None:
    found = asyncio.run(resolve(Address("localhost", 9092)))
    assert Address("127.0.0.1", 9092) in found
    with pytest.raises(OSError):  # noqa: PT011 - the resolver's words
        asyncio.run(resolve(Address("no.such.name.invalid", 9092)))


@pytest.mark.parametrize(
    ("host", "port"), [("a" * 70, 1), ("ex..ample", 1), ("localhost", 0), ("localhost", 65_536)]
)
def test_what_can_be_no_address(host: str, port: int) -> None:
    with pytest.raises(OSError, match="is no "):
        asyncio.run(resolve(Address(host, port)))


def test_how_they_print() -> None:
    assert str(Address("::1", 1)) == "[::1]:1"
    assert str(Address("host", 1)) == "host:1"
