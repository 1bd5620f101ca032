"""SASL exchanges: what is sent, and that the broker must prove itself with SCRAM."""

import base64

import pytest

from logcore.client.sasl import plain, scram
from logcore.common.errors import SaslAuthenticationFailedError
from logcore.common.scram import MECHANISMS

SHA_256 = MECHANISMS["SCRAM-SHA-256"]
# RFC 7677, section 3.
NONCE = "rOprNGfwEbeRWgbNEkqO"
FIRST = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
PROOF = (
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)
LAST = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_plain() -> None:
    exchange = plain("user", "pencil")
    assert next(exchange) == b"\0user\0pencil"
    with pytest.raises(StopIteration):
        exchange.send(b"")


def test_scram_as_the_rfc_has_it() -> None:
    exchange = scram(SHA_256, "user", "pencil", NONCE)
    assert next(exchange) == f"n,,n=user,r={NONCE}".encode()
    assert exchange.send(FIRST.encode()) == PROOF.encode()
    with pytest.raises(StopIteration):
        exchange.send(LAST.encode())


def test_names_with_commas_are_escaped() -> None:
    assert next(scram(SHA_256, "a=b,c", "pencil", "x")) == b"n,,n=a=3Db=2Cc,r=x"


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (FIRST.replace(NONCE, "another"), "nonce"),
        (f"r={NONCE},s=W22Z,i=4096", "nonce"),
        (FIRST.replace("i=4096", "i=0"), "iterations"),
        (FIRST.replace("i=4096", "i=99999999"), "iterations"),
        (FIRST.replace(",i=4096", ""), "no iterations"),
        (FIRST.replace("s=W22Z", "s=!!!!"), "base64"),
        ("", "nonce"),
    ],
)
def test_a_first_answer_that_makes_no_sense(first: str, told: str) -> None:
    exchange = scram(SHA_256, "user", "pencil", NONCE)
    next(exchange)
    with pytest.raises(SaslAuthenticationFailedError, match=told):
        exchange.send(first.encode())


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ("v=" + base64.b64encode(b"x" * 32).decode(), "its proof is wrong"),
        ("", "its proof is wrong"),
        ("e=invalid-proof", "invalid-proof"),
    ],
)
def test_a_broker_that_cannot_prove_itself(last: str, told: str) -> None:
    exchange = scram(SHA_256, "user", "pencil", NONCE)
    next(exchange)
    exchange.send(FIRST.encode())
    with pytest.raises(SaslAuthenticationFailedError, match=told):
        exchange.send(last.encode())
