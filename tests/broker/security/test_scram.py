"""SCRAM lets in who knows a password, and each of its known holes stays closed."""

import base64

import pytest

from logcore.broker.security.exchange import Login, LoginError
from logcore.broker.security.scram import Known, ScramExchange
from logcore.common.scram import (
    MECHANISMS,
    ScramMechanism,
    credential_of,
    salted_password,
    server_signature,
)
from tests.broker.security.scram_client import ScramClient

SHA256 = MECHANISMS["SCRAM-SHA-256"]


class Users:
    """Alice, whose password is secret, and a token of hers."""

    def __init__(self, iterations: int = 4096) -> None:
        self.iterations = iterations

    def known(self, mechanism: ScramMechanism, login: Login) -> Known:
        salted = salted_password(mechanism, "secret", b"salt", self.iterations)
        return Known(credential_of(mechanism, salted, b"salt", self.iterations), login)

    def of_user(self, mechanism: ScramMechanism, user: str) -> Known | None:
        return self.known(mechanism, Login(user)) if user == "alice" else None

    def of_token(self, mechanism: ScramMechanism, token_id: str) -> Known | None:
        login = Login("alice", 99, has_token=True)
        return self.known(mechanism, login) if token_id == "token" else None


def exchange(mechanism: ScramMechanism = SHA256, users: Users | None = None) -> ScramExchange:
    return ScramExchange(mechanism, users or Users(), b"decoy", lambda: "servernonce")


def refused(running: ScramExchange, token: bytes) -> LoginError:
    with pytest.raises(LoginError) as caught:
        running.respond(token)
    assert running.login is None
    return caught.value


@pytest.mark.parametrize("name", MECHANISMS)
def test_who_knows_the_password_is_in_and_learns_that_the_server_knows_it_too(name: str):
    mechanism = MECHANISMS[name]
    running, client = exchange(mechanism), ScramClient(mechanism, "alice", "secret")
    challenge = running.respond(client.first())
    assert challenge.startswith(b"r=clientnonceservernonce,s=")
    assert running.login is None
    last = client.last(challenge)
    proof = running.respond(last)
    known = Users().of_user(mechanism, "alice")
    assert known is not None
    signed = b",".join((client.bare, challenge, last.rpartition(b",p=")[0]))
    expected = server_signature(mechanism, known.credential, signed)
    assert proof == b"v=" + base64.b64encode(expected)
    assert running.login == Login("alice")


def test_a_wrong_password():
    running, client = exchange(), ScramClient(SHA256, "alice", "Secret")
    error = refused(running, client.last(running.respond(client.first())))
    assert (str(error), error.told) == ("the password is wrong", None)


def test_a_token_logs_in_as_its_owner():
    running, client = exchange(), ScramClient(SHA256, "token", "secret")
    client.extensions = b",tokenauth=true"
    running.respond(client.last(running.respond(client.first())))
    assert running.login == Login("alice", 99, has_token=True)


def test_the_name_of_a_token_is_no_user_and_that_of_a_user_no_token():
    for name, extensions in (("token", b""), ("alice", b",tokenauth=true")):
        running, client = exchange(), ScramClient(SHA256, name, "secret")
        client.extensions = extensions
        assert "unknown" in str(refused(running, client.last(running.respond(client.first()))))


def test_cve_2024_56128_the_last_nonce_must_be_both_halves_and_nothing_else():
    for nonce in (
        b"servernonce",
        b"xclientnonceservernonce",
        b"clientnonce",
        b"clientnonceservernoncf",
    ):
        running, client = exchange(), ScramClient(SHA256, "alice", "secret")
        challenge = running.respond(client.first())
        assert "another nonce" in str(refused(running, client.last(challenge, nonce=nonce)))


def test_the_last_message_is_bound_to_the_first():
    running, client = exchange(), ScramClient(SHA256, "alice", "secret")
    challenge = running.respond(client.first())
    assert "another channel" in str(refused(running, client.last(challenge, header=b"y,,")))


def test_cve_2017_12610_nobody_is_somebody_else_by_an_authorization_id():
    running, client = exchange(), ScramClient(SHA256, "alice", "secret")
    client.header = b"n,a=admin,"
    error = refused(running, client.first())
    assert "different from username" in (error.told or "")
    running, client = exchange(), ScramClient(SHA256, "alice", "secret")
    client.header = b"n,a=alice,"
    running.respond(client.last(running.respond(client.first())))
    assert running.login == Login("alice")


def test_an_unknown_user_is_challenged_as_a_known_one_and_always_alike():
    challenges = []
    for _ in range(2):
        running, client = exchange(), ScramClient(SHA256, "nobody", "secret")
        challenges.append(running.respond(client.first()))
        error = refused(running, client.last(challenges[-1]))
        assert (str(error), error.told) == ("the user is unknown", None)
    assert challenges[0] == challenges[1]
    assert challenges[0].endswith(b",i=4096")


def test_cve_2021_38153_secrets_are_compared_in_constant_time(monkeypatch):
    compared = []

    def note(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("logcore.broker.security.scram.hmac.compare_digest", note)
    running, client = exchange(), ScramClient(SHA256, "alice", "secret")
    running.respond(client.last(running.respond(client.first())))
    nonce, stored_key = compared
    assert nonce[0] == b"clientnonceservernonce"
    known = Users().of_user(SHA256, "alice")
    assert known is not None
    assert stored_key[1] == known.credential.stored_key


def test_a_credential_with_too_few_iterations_is_good_for_nothing():
    running, client = exchange(users=Users(100)), ScramClient(SHA256, "alice", "secret")
    assert "iterations" in str(refused(running, client.first()))


def test_nonces_are_fresh():
    made = {
        ScramExchange(SHA256, Users(), b"decoy").respond(ScramClient(SHA256, "alice", "").first())
        for _ in range(20)
    }
    assert len(made) == 20
