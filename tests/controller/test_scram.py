"""Credentials are set, removed and described as Apache Kafka does, and survive the log."""

import pytest

from logcore.common.errors import error_for_code
from logcore.common.scram import BY_NUMBER, ScramCredential, credential_of, salted_password
from logcore.controller.replay import ReplayError
from logcore.controller.scram import decide_changes, describe, record_of, records_of, refused
from logcore.protocol.internal.metadata import RemoveUserScramCredentialRecord
from logcore.protocol.messages.alter_user_scram_credentials import (
    AlterUserScramCredentialsRequest,
    ScramCredentialDeletion,
    ScramCredentialUpsertion,
)
from tests.controller.building import replayed

SHA256, SHA512 = 1, 2
SOME = ScramCredential(b"salt", b"stored", b"server", 4096)


def deletion(name: str, mechanism: int = SHA256) -> ScramCredentialDeletion:
    return ScramCredentialDeletion(name=name, mechanism=mechanism)


def upsertion(
    name: str, mechanism: int = SHA256, iterations: int = 4096, salted: bytes = b"salted"
) -> ScramCredentialUpsertion:
    return ScramCredentialUpsertion(
        name=name, mechanism=mechanism, iterations=iterations, salt=b"salt", salted_password=salted
    )


def asked(*changes: object) -> AlterUserScramCredentialsRequest:
    return AlterUserScramCredentialsRequest(
        deletions=[each for each in changes if isinstance(each, ScramCredentialDeletion)],
        upsertions=[each for each in changes if isinstance(each, ScramCredentialUpsertion)],
    )


def names_of(response: object) -> dict[str, str]:
    return {
        result.user: error_for_code(result.error_code).kafka_name if result.error_code else "NONE"
        for result in response.results  # type: ignore[attr-defined]
    }


def test_a_credential_is_kept_salted_and_hashed():
    salted = salted_password(BY_NUMBER[SHA256], "secret", b"salt", 4096)
    records, response = decide_changes({}, asked(upsertion("alice", salted=salted)))
    assert names_of(response) == {"alice": "NONE"}
    kept = replayed(records).scram
    assert kept == {("alice", SHA256): credential_of(BY_NUMBER[SHA256], salted, b"salt", 4096)}
    assert salted not in {kept["alice", SHA256].stored_key, kept["alice", SHA256].server_key}


REFUSALS = [
    (deletion("bob"), "RESOURCE_NOT_FOUND"),
    (deletion("alice", SHA512), "RESOURCE_NOT_FOUND"),
    (deletion(""), "UNACCEPTABLE_CREDENTIAL"),
    (deletion("alice", 3), "UNSUPPORTED_SASL_MECHANISM"),
    (upsertion(""), "UNACCEPTABLE_CREDENTIAL"),
    (upsertion("alice", 0), "UNSUPPORTED_SASL_MECHANISM"),
    (upsertion("alice", iterations=4095), "UNACCEPTABLE_CREDENTIAL"),
    (upsertion("alice", iterations=16385), "UNACCEPTABLE_CREDENTIAL"),
    (upsertion("alice", salted=b""), "UNACCEPTABLE_CREDENTIAL"),
]


@pytest.mark.parametrize(("change", "error"), REFUSALS)
def test_refusals(change, error):
    records, response = decide_changes({("alice", SHA256): SOME}, asked(change))
    assert (records, names_of(response)) == ([], {change.name: error})


def test_a_user_altered_twice_is_not_altered_and_others_are():
    request = asked(deletion("alice"), upsertion("alice"), upsertion("bob"), upsertion("alice"))
    records, response = decide_changes({("alice", SHA256): SOME}, request)
    assert [record.name for record in records] == ["bob"]
    assert names_of(response) == {"alice": "DUPLICATE_RESOURCE", "bob": "NONE"}


def test_a_refusal_of_all_names_each_user_once():
    error = error_for_code(31)("no")
    response = refused(asked(deletion("a"), upsertion("a"), upsertion("b")), error)
    assert names_of(response) == dict.fromkeys("ab", "CLUSTER_AUTHORIZATION_FAILED")


def test_describing_all_some_and_nobody_there():
    credentials = {("alice", SHA256): SOME, ("alice", SHA512): SOME, ("bob", SHA512): SOME}
    nobody: list[str] = []
    for users in (None, nobody):
        everybody = describe(credentials, users)
        infos = {
            each.user: [i.mechanism for i in each.credential_infos] for each in everybody.results
        }
        assert infos == {"alice": [SHA256, SHA512], "bob": [SHA512]}
    some = describe(credentials, ["bob", "carol", "alice", "alice"])
    assert names_of(some) == {
        "bob": "NONE",
        "carol": "RESOURCE_NOT_FOUND",
        "alice": "DUPLICATE_RESOURCE",
    }


def test_credentials_go_through_the_log_and_can_be_removed():
    credentials = {("alice", SHA256): SOME, ("bob", SHA512): SOME}
    removal = RemoveUserScramCredentialRecord(name="bob", mechanism=SHA512)
    assert replayed(records_of(credentials)).scram == credentials
    assert list(replayed([*records_of(credentials), removal]).scram) == [("alice", SHA256)]
    with pytest.raises(ReplayError, match="bob did not have"):
        replayed([record_of("alice", SHA256, SOME), removal])
