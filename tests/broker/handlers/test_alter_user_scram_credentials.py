"""SCRAM credentials are set over the wire, hold at once, and after a restart."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.common.scram import BY_NUMBER, salted_password
from logcore.protocol.messages.alter_user_scram_credentials import (
    AlterUserScramCredentialsRequest,
    ScramCredentialDeletion,
    ScramCredentialUpsertion,
)
from tests.broker.handlers.logging_in import (
    SETTINGS,
    authenticate,
    handshake,
    logged_in,
    login_broker,
    scram_login,
)
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running
from tests.broker.wire import Wire
from tests.crash.broker_process import BrokerProcess, free_port

FORBIDDEN, TOO_LARGE, NOT_FOUND, FAILED = 31, 44, 91, 58


def set_password(wire: Wire, user: str, password: str, mechanism: int = 1) -> int:
    salted = salted_password(BY_NUMBER[mechanism], password, b"salt", 4096)
    upsertion = ScramCredentialUpsertion(
        name=user, mechanism=mechanism, iterations=4096, salt=b"salt", salted_password=salted
    )
    response = wire.ask(AlterUserScramCredentialsRequest(upsertions=[upsertion]), 0)
    (result,) = response.results
    code: int = result.error_code
    return code


def remove(wire: Wire, user: str) -> int:
    deletion = ScramCredentialDeletion(name=user, mechanism=1)
    response = wire.ask(AlterUserScramCredentialsRequest(deletions=[deletion]), 0)
    code: int = response.results[0].error_code
    return code


def code_of(running: Running, password: str) -> int:
    code: int = scram_login(running.wire(), "carol", password).error_code
    return code


def test_a_password_holds_at_once_and_until_it_is_changed_or_removed(tmp_path):
    with login_broker(tmp_path) as running:
        admin = logged_in(running, "admin")
        assert code_of(running, "one") == FAILED
        assert set_password(admin, "carol", "one") == 0
        assert code_of(running, "one") == 0
        assert set_password(admin, "carol", "two") == 0
        assert [code_of(running, password) for password in ("one", "two")] == [FAILED, 0]
    with login_broker(tmp_path) as running:
        assert code_of(running, "two") == 0
        admin = logged_in(running, "admin")
        assert [remove(admin, "carol") for _ in range(2)] == [0, NOT_FOUND]
        assert code_of(running, "two") == FAILED


def test_what_was_acknowledged_survives_a_kill(tmp_path):
    settings = {name: value for name, value in SETTINGS.items() if name != "listeners"}
    with BrokerProcess(tmp_path) as probe:
        port = probe.port
    listeners = f"LOGIN://127.0.0.1:{port},OPEN://127.0.0.1:{free_port()}"
    with BrokerProcess(tmp_path, **settings | {"listeners": listeners}) as broker:
        for password in ("one", "two", "three"):
            with Wire(port) as admin:
                handshake(admin, "PLAIN")
                assert authenticate(admin, b"\0admin\0secret").error_code == 0
                assert set_password(admin, "carol", password) == 0
            broker.kill()
            broker.start()
            with Wire(port) as wire:
                assert scram_login(wire, "carol", password).error_code == 0


@pytest.mark.parametrize("mechanism", [1, 2])
def test_each_mechanism_has_a_password_of_its_own(tmp_path, mechanism: int):
    with login_broker(tmp_path) as running:
        assert set_password(logged_in(running), "carol", "x", mechanism) == 0
        for number, other in BY_NUMBER.items():
            answer = scram_login(running.wire(), "carol", "x", other.name)
            assert answer.error_code == (0 if number == mechanism else FAILED)


def test_who_may_not_alter_the_cluster(broker: Running):
    with refusing(broker, on_cluster(Operation.ALTER)):
        assert set_password(broker.wire(), "carol", "x") == FORBIDDEN
        assert remove(broker.wire(), "carol") == FORBIDDEN


def test_what_is_too_large_to_be_written_is_refused_and_ends_nothing(tmp_path, monkeypatch):
    with login_broker(tmp_path) as running:
        admin = logged_in(running, "admin")
        monkeypatch.setattr("logcore.controller.proposals.BATCH_BYTES_MAX", 100)
        assert set_password(admin, "carol", "one") == TOO_LARGE
        monkeypatch.undo()
        assert set_password(admin, "carol", "one") == 0
        assert code_of(running, "one") == 0
