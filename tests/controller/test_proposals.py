"""What may be proposed: whatever is framed can be appended, and what cannot is refused."""

import pytest

from logcore.common.errors import InvalidRequestError, PolicyViolationError
from logcore.controller.metadata_log import TOPIC_SETTINGS
from logcore.controller.proposals import BATCH_BYTES_MAX, framed, refuse_results
from logcore.controller.records import encoded
from logcore.log.manager import LogManager
from logcore.protocol.internal.metadata import ConfigRecord, NoOpRecord
from logcore.protocol.messages.create_acls import AclCreationResult, CreateAclsResponse


def setting(value):
    return ConfigRecord(resource_type=2, resource_name="t", name="k", value=value)


def test_records_are_framed_as_they_stand_in_the_log():
    records = [NoOpRecord(), setting("v")]
    assert framed(records) == [(None, encoded(record)) for record in records]


def test_the_largest_change_can_be_appended_and_a_larger_one_is_refused(tmp_path):
    record = setting("v" * 32_000)
    count = (BATCH_BYTES_MAX - 61) // (len(encoded(record)) + 19)
    settings = {"__cluster_metadata": TOPIC_SETTINGS}
    manager = LogManager([tmp_path], topic_settings=settings)
    log = manager.get_or_create("__cluster_metadata", 0, None, is_new=True)
    assert log.append_records(framed([record] * count), 0, 0) == (0, count - 1)
    manager.close()
    with pytest.raises(PolicyViolationError, match=f"at most {BATCH_BYTES_MAX} may be"):
        framed([record] * (count + 1))


def test_many_records_that_are_framed_can_be_appended(tmp_path, monkeypatch):
    """The limit is set to what they need by our count; by the log's it must be enough too."""
    records = [setting("v" * 100)] * 20_000
    needed = sum(len(encoded(record)) + 19 for record in records) + 61
    settings = {"__cluster_metadata": TOPIC_SETTINGS | {"max.message.bytes": str(needed)}}
    manager = LogManager([tmp_path], topic_settings=settings)
    log = manager.get_or_create("__cluster_metadata", 0, None, is_new=True)
    monkeypatch.setattr("logcore.controller.proposals.BATCH_BYTES_MAX", needed)
    assert log.append_records(framed(records), 0, 0) == (0, len(records) - 1)
    manager.close()
    with pytest.raises(PolicyViolationError):
        framed([*records, NoOpRecord()])


def test_what_cannot_be_written_is_refused():
    with pytest.raises(InvalidRequestError, match="cannot be written down"):
        framed([NoOpRecord(), setting("\ud800")])


def test_results_that_have_an_error_keep_it():
    results = [AclCreationResult(error_code=42, error_message="no"), AclCreationResult()]
    response = CreateAclsResponse(results=results)
    assert refuse_results(response, PolicyViolationError("too large")) is response
    told = [(result.error_code, result.error_message) for result in results]
    assert told == [(42, "no"), (PolicyViolationError.code, "too large")]
