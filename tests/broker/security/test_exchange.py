"""A failure says one thing to the log and another, or nothing, to the client."""

from logcore.broker.security.exchange import Login, LoginError


def test_a_failure_keeps_its_reason_from_the_client():
    error = LoginError("the user is unknown")
    assert (str(error), error.told) == ("the user is unknown", None)
    assert LoginError("reason", "told").told == "told"


def test_a_login_holds_unless_something_says_otherwise():
    assert Login("alice") == Login("alice", expires_ms=None, has_token=False)
