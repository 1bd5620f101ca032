"""The arithmetic of SCRAM against the example of RFC 7677, and what must not pass."""

import base64

import pytest

from logcore.common.scram import (
    BY_NUMBER,
    MECHANISMS,
    client_proof,
    credential_of,
    is_proven,
    salted_password,
    server_signature,
)

SHA256 = MECHANISMS["SCRAM-SHA-256"]
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
AUTH_MESSAGE = (
    b"n=user,r=rOprNGfwEbeRWgbNEkqO,"
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
)


def test_the_example_of_rfc_7677():
    salted = salted_password(SHA256, "pencil", SALT, 4096)
    credential = credential_of(SHA256, salted, SALT, 4096)
    proof = client_proof(SHA256, salted, AUTH_MESSAGE)
    assert base64.b64encode(proof) == b"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    assert is_proven(SHA256, credential, AUTH_MESSAGE, proof)
    signature = server_signature(SHA256, credential, AUTH_MESSAGE)
    assert base64.b64encode(signature) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


@pytest.mark.parametrize("name", MECHANISMS)
def test_another_password_message_or_length_proves_nothing(name: str):
    mechanism = MECHANISMS[name]
    credential = credential_of(
        mechanism, salted_password(mechanism, "secret", b"salt", 4096), b"salt", 4096
    )
    other = salted_password(mechanism, "Secret", b"salt", 4096)
    assert not is_proven(mechanism, credential, b"m", client_proof(mechanism, other, b"m"))
    right = client_proof(mechanism, salted_password(mechanism, "secret", b"salt", 4096), b"m")
    assert is_proven(mechanism, credential, b"m", right)
    assert not is_proven(mechanism, credential, b"n", right)
    assert not is_proven(mechanism, credential, b"m", right[:-1])
    assert not is_proven(mechanism, credential, b"m", b"")


def test_numbers_are_kafkas_and_secrets_are_not_shown():
    assert {number: mechanism.name for number, mechanism in BY_NUMBER.items()} == {
        1: "SCRAM-SHA-256",
        2: "SCRAM-SHA-512",
    }
    shown = repr(credential_of(SHA256, b"s", b"salt", 4096))
    assert "key" not in shown
