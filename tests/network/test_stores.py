"""Stores of Java: what cannot be read says why; test_tls reads the ones that can."""

import builtins

import pytest

from logcore.network.stores import StoreError, certificates_pem, key_pem


@pytest.mark.parametrize("read", [key_pem, certificates_pem])
@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xfe\xed\xfe\xed\0\0\0\2", "-deststoretype PKCS12"),
        (b"", "is no PKCS12 store"),
        (b"\x30\x82\x01\x00rest", "is no PKCS12 store"),
    ],
)
def test_what_is_no_store(read, data, says):
    with pytest.raises(StoreError, match=says):
        read(data, "changeit")


def test_without_the_package_it_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def refuse(name, *rest):
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(StoreError, match=r"pip install 'logcore\[pkcs12\]'"):
        certificates_pem(b"\x30\x82", "")
