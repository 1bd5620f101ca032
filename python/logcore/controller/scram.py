"""SCRAM credentials of users in the metadata: how they are set, removed and described.

Invariant: the metadata holds what tells whether a client knows a password, never the password nor
what a client could log in with. A request is applied user by user; none is altered twice in it.
Neighbours: `replay` keeps credentials in the image by the records made here; `broker.security`
authenticates by them; `common.scram` is the arithmetic.
Source: Apache Kafka 4.3.1, `ScramControlManager` and `ScramImage`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from logcore.common.errors import (
    DuplicateResourceError,
    KafkaError,
    ResourceNotFoundError,
    UnacceptableCredentialError,
    UnsupportedSaslMechanismError,
)
from logcore.common.scram import (
    BY_NUMBER,
    ITERATIONS_MAX,
    ITERATIONS_MIN,
    ScramCredential,
    credential_of,
)
from logcore.protocol.internal.metadata import (
    RemoveUserScramCredentialRecord,
    UserScramCredentialRecord,
)
from logcore.protocol.messages.alter_user_scram_credentials import (
    AlterUserScramCredentialsRequest,
    AlterUserScramCredentialsResponse,
    AlterUserScramCredentialsResult,
    ScramCredentialDeletion,
    ScramCredentialUpsertion,
)
from logcore.protocol.messages.describe_user_scram_credentials import (
    CredentialInfo,
    DescribeUserScramCredentialsResponse,
    DescribeUserScramCredentialsResult,
)

ScramKey: TypeAlias = tuple[str, int]
"""A user's name, and Kafka's number of the mechanism."""

Credentials: TypeAlias = Mapping[ScramKey, ScramCredential]

Change: TypeAlias = ScramCredentialDeletion | ScramCredentialUpsertion
"""One of the changes that a request asks for."""

_TWICE: Final = "A user credential cannot be altered twice in the same request"


def credential_in(record: UserScramCredentialRecord) -> ScramCredential:
    """Return the credential that a record holds."""
    return ScramCredential(
        bytes(record.salt), bytes(record.stored_key), bytes(record.server_key), record.iterations
    )


def record_of(user: str, mechanism: int, credential: ScramCredential) -> UserScramCredentialRecord:
    """Return the record that sets a credential."""
    return UserScramCredentialRecord(
        name=user,
        mechanism=mechanism,
        salt=credential.salt,
        stored_key=credential.stored_key,
        server_key=credential.server_key,
        iterations=credential.iterations,
    )


def records_of(credentials: Credentials) -> Iterator[UserScramCredentialRecord]:
    """Yield the records that make all credentials."""
    for (user, mechanism), credential in credentials.items():
        yield record_of(user, mechanism, credential)


def decide_changes(
    credentials: Credentials, request: AlterUserScramCredentialsRequest
) -> tuple[list[Any], AlterUserScramCredentialsResponse]:
    """Decide an AlterUserScramCredentials request.

    Args:
        credentials: What there is.
        request: What is asked for.

    Returns:
        The records, and the response.
    """
    outcomes: dict[str, KafkaError | Any] = {}
    for change in _changes(request):
        user = change.name
        if user in outcomes:
            if not isinstance(outcomes[user], KafkaError):
                outcomes[user] = DuplicateResourceError(_TWICE)
            continue
        try:
            outcomes[user] = _record_for(credentials, change)
        except KafkaError as error:
            outcomes[user] = error
    records = [made for made in outcomes.values() if not isinstance(made, KafkaError)]
    return records, AlterUserScramCredentialsResponse(
        results=[_result(user, outcome) for user, outcome in outcomes.items()]
    )


def _changes(request: AlterUserScramCredentialsRequest) -> list[Change]:
    return [*request.deletions, *request.upsertions]


def refused(
    request: AlterUserScramCredentialsRequest, error: KafkaError
) -> AlterUserScramCredentialsResponse:
    """Return the response that refuses all of a request."""
    users = dict.fromkeys(change.name for change in _changes(request))
    return AlterUserScramCredentialsResponse(results=[_result(user, error) for user in users])


def _result(user: str, outcome: object) -> AlterUserScramCredentialsResult:
    if isinstance(outcome, KafkaError):
        return AlterUserScramCredentialsResult(
            user=user, error_code=outcome.code, error_message=str(outcome)
        )
    return AlterUserScramCredentialsResult(user=user, error_message=None)


def _record_for(credentials: Credentials, change: Change) -> Any:  # noqa: ANN401 - one of two record classes
    if not change.name:
        raise UnacceptableCredentialError("Username must not be empty")
    mechanism = BY_NUMBER.get(change.mechanism)
    if mechanism is None:
        raise UnsupportedSaslMechanismError("Unknown SCRAM mechanism")
    if isinstance(change, ScramCredentialDeletion):
        if (change.name, change.mechanism) not in credentials:
            message = "Attempt to delete a user credential that does not exist"
            raise ResourceNotFoundError(message)
        return RemoveUserScramCredentialRecord(name=change.name, mechanism=change.mechanism)
    if change.iterations < ITERATIONS_MIN:
        raise UnacceptableCredentialError("Too few iterations")
    if change.iterations > ITERATIONS_MAX:
        raise UnacceptableCredentialError("Too many iterations")
    salted, salt = bytes(change.salted_password), bytes(change.salt)
    if not salted:
        raise UnacceptableCredentialError("The salted password must not be empty")
    credential = credential_of(mechanism, salted, salt, change.iterations)
    return record_of(change.name, change.mechanism, credential)


def describe(
    credentials: Credentials, users: Iterable[str] | None
) -> DescribeUserScramCredentialsResponse:
    """Describe the credentials of some users, or of all, without their secrets.

    Args:
        credentials: What there is.
        users: Of whom; None or nobody for everybody.
    """
    infos: dict[str, list[CredentialInfo]] = {}
    for (user, mechanism), credential in sorted(credentials.items()):
        info = CredentialInfo(mechanism=mechanism, iterations=credential.iterations)
        infos.setdefault(user, []).append(info)
    asked = Counter(list(users or infos))
    return DescribeUserScramCredentialsResponse(
        results=[
            _described(user, infos.get(user), is_twice=count > 1) for user, count in asked.items()
        ],
    )


def _described(
    user: str, infos: list[CredentialInfo] | None, *, is_twice: bool
) -> DescribeUserScramCredentialsResult:
    error: KafkaError | None = None
    if is_twice:
        message = "Cannot describe SCRAM credentials for the same user twice in a single request"
        error = DuplicateResourceError(f"{message}: {user}")
    elif infos is None:
        message = "Attempt to describe a user credential that does not exist"
        error = ResourceNotFoundError(f"{message}: {user}")
    if error is not None:
        return DescribeUserScramCredentialsResult(
            user=user, error_code=error.code, error_message=str(error)
        )
    return DescribeUserScramCredentialsResult(user=user, credential_infos=infos or [])
