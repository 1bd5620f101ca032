"""SCRAM's messages are read strictly, and every byte string is either one or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.broker.security.exchange import LoginError
from logcore.broker.security.scram_messages import read_first, read_last


def test_a_first_message():
    first = read_first(b"n,,n=al=2Cice=3D,r=abc")
    assert (first.user, first.nonce, first.authorization_id) == ("al,ice=", b"abc", "")
    assert (first.header, first.bare) == (b"n,,", b"n=al=2Cice=3D,r=abc")
    assert not first.is_token


def test_extensions_and_an_authorization_id():
    first = read_first(b"n,a=bob,n=bob,r=abc,tokenauth=true,x=y")
    assert (first.header, first.authorization_id, first.is_token) == (b"n,a=bob,", "bob", True)
    assert first.bare.endswith(b",tokenauth=true,x=y")
    assert not read_first(b"n,,n=bob,r=abc,tokenauth=false").is_token


@pytest.mark.parametrize(
    "message",
    [
        b"", b"n,,", b"n,,n=,r=abc", b"n,,n=bob,r=", b"n,,n=b,ob,r=abc", b"n,,n=b=ob,r=abc",
        b"y,,n=bob,r=abc", b"p=tls-unique,,n=bob,r=abc", b"n,,m=x,n=bob,r=abc",
        b"n,,n=bob,r=a bc", b"n,,n=bob,r=abc,", b"n,,n=bob,r=abc,x", b"n,a=,n=bob,r=abc",
        b"n,,n=b\0b,r=abc", b"n,,n=\xff\xfe,r=abc", b"n,,n=bob,r=abc\n",
    ],
)  # fmt: skip
def test_what_is_no_first_message(message: bytes):
    with pytest.raises(LoginError):
        read_first(message)


def test_a_last_message():
    last = read_last(b"c=biws,r=abcdef,p=AAEC")
    assert (last.channel_binding, last.nonce, last.proof) == (b"n,,", b"abcdef", b"\0\1\2")
    assert last.without_proof == b"c=biws,r=abcdef"
    assert read_last(b"c=biws,r=abc,x=y,p=AAEC").without_proof == b"c=biws,r=abc,x=y"


@pytest.mark.parametrize(
    "message",
    [
        b"", b"c=biws,r=abc", b"c=biws,p=AAEC", b"c=biws,r=abc,p=A", b"c=biw,r=abc,p=AAEC",
        b"c=biws,r=abc,p=AAEC,x=y", b"c=biws,r=a,c,p=AAEC", b"r=abc,c=biws,p=AAEC",
    ],
)  # fmt: skip
def test_what_is_no_last_message(message: bytes):
    with pytest.raises(LoginError):
        read_last(message)


@given(st.binary(max_size=60) | st.text("n,a=r2CDcpbiws \0", max_size=60).map(str.encode))
def test_any_bytes_are_a_message_or_refused(message: bytes):
    for read in (read_first, read_last):
        try:
            read(message)
        except LoginError:
            continue
