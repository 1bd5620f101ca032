"""Access rules: what can be made, which a filter names, and that they survive replay."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.common.access import ANY
from logcore.controller.acls import (
    ALLOW,
    DENY,
    LITERAL,
    MATCH,
    PREFIXED,
    Acl,
    AclFilter,
    decide_creation,
    decide_deletion,
    found,
)
from logcore.controller.image import EMPTY
from logcore.controller.records import records_of
from logcore.controller.replay import ReplayError
from logcore.protocol.internal.metadata import RemoveAccessControlEntryRecord
from logcore.protocol.messages.create_acls import AclCreation, CreateAclsRequest
from logcore.protocol.messages.delete_acls import DeleteAclsFilter, DeleteAclsRequest
from tests.controller.building import replayed

TOPIC, GROUP, CLUSTER = 2, 3, 4
READ, WRITE = 3, 4
INVALID, POLICY = 42, 44
BASE = Acl(TOPIC, "orders", LITERAL, "User:alice", "*", READ, ALLOW)
EVERYTHING = AclFilter(ANY, None, ANY, None, None, ANY, ANY)


def creation(acl: Acl) -> AclCreation:
    return AclCreation(
        resource_type=acl.resource_type,
        resource_name=acl.resource_name,
        resource_pattern_type=acl.pattern_type,
        principal=acl.principal,
        host=acl.host,
        operation=acl.operation,
        permission_type=acl.permission_type,
    )


def create(image, *acls):
    ids = (bytes([number]) * 16 for number in range(len(image.acls) + 1, 256))
    request = CreateAclsRequest(creations=[creation(acl) for acl in acls])
    records, response = decide_creation(image.acls, request, lambda: next(ids))
    return replayed(records, image), [result.error_code for result in response.results]


def named(**given) -> DeleteAclsFilter:
    names = {
        "resource_type_filter": ANY,
        "resource_name_filter": None,
        "pattern_type_filter": ANY,
        "principal_filter": None,
        "host_filter": None,
        "operation": ANY,
        "permission_type": ANY,
    }
    return DeleteAclsFilter(**names | given)


def test_a_rule_is_made_once():
    image, codes = create(EMPTY, BASE, BASE)
    assert codes == [0, 0]
    assert list(image.acls.values()) == [BASE]
    again, codes = create(image, BASE)
    assert codes == [0]
    assert again.acls is image.acls


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"resource_type": 0}, "resourceType"),
        ({"resource_type": ANY}, "resourceType"),
        ({"resource_type": 99}, "resourceType"),
        ({"resource_type": CLUSTER}, "kafka-cluster"),
        ({"resource_name": ""}, "empty"),
        ({"pattern_type": ANY}, "patternType"),
        ({"pattern_type": MATCH}, "patternType"),
        ({"operation": ANY}, "operation"),
        ({"operation": 16}, "operation"),
        ({"permission_type": ANY}, "permissionType"),
        ({"principal": "alice"}, "principal"),
    ],
)
def test_a_rule_that_means_nothing_is_refused_and_the_others_are_made(changes, reason):
    wrong = replace(BASE, **changes)
    request = CreateAclsRequest(creations=[creation(wrong), creation(BASE)])
    records, response = decide_creation({}, request, lambda: b"x" * 16)
    assert [result.error_code for result in response.results] == [INVALID, 0]
    assert reason in (response.results[0].error_message or "")
    assert len(records) == 1


def test_a_request_makes_so_many_rules_and_no_more():
    acls = [creation(replace(BASE, host=str(number))) for number in range(10_001)]
    records, response = decide_creation({}, CreateAclsRequest(creations=acls), lambda: b"x" * 16)
    assert len(records) == 10_000
    assert [result.error_code for result in response.results[-2:]] == [0, POLICY]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, "literal prefixed wildcard group"),
        ({"resource_type": GROUP}, "group"),
        ({"resource_name": "orders"}, "literal"),
        ({"resource_name": "orders", "pattern_type": LITERAL}, "literal"),
        ({"resource_name": "orders", "pattern_type": PREFIXED}, ""),
        ({"pattern_type": PREFIXED}, "prefixed"),
        ({"resource_name": "orders", "pattern_type": MATCH}, "literal prefixed wildcard"),
        ({"resource_name": "orx", "pattern_type": MATCH}, "prefixed wildcard"),
        ({"resource_name": "o", "pattern_type": MATCH}, "wildcard"),
        ({"resource_name": "*"}, "wildcard"),
        ({"principal": "User:bob"}, "group"),
        ({"host": "10.0.0.1"}, "prefixed"),
        ({"operation": WRITE}, "wildcard"),
        ({"permission_type": DENY}, "group"),
        ({"resource_type": 99}, ""),
    ],
)
def test_a_filter_names_rules(changes, names):
    rules = {
        "literal": BASE,
        "prefixed": replace(BASE, resource_name="or", pattern_type=PREFIXED, host="10.0.0.1"),
        "wildcard": replace(BASE, resource_name="*", operation=WRITE),
        "group": Acl(GROUP, "g", LITERAL, "User:bob", "*", READ, DENY),
    }
    acls = {name.encode(): acl for name, acl in rules.items()}
    wanted = replace(EVERYTHING, **changes)
    assert " ".join(acl_id.decode() for acl_id, _ in found(acls, wanted)) == names


def test_filters_remove_what_they_name_each_telling_its_own():
    image, _ = create(EMPTY, BASE, replace(BASE, operation=WRITE), replace(BASE, host="h"))
    filters = [named(operation=READ), named(host_filter="h"), named(resource_type_filter=0)]
    records, response = decide_deletion(image.acls, DeleteAclsRequest(filters=filters))
    told = response.filter_results
    assert [len(result.matching_acls) for result in told] == [2, 1, 0]
    assert [result.error_code for result in told] == [0, 0, INVALID]
    left = replayed(records, image).acls
    assert [acl.operation for acl in left.values()] == [WRITE]


@pytest.mark.parametrize(
    "wrong",
    [{"pattern_type_filter": 9}, {"operation": 99}, {"permission_type": 0}],
)
def test_a_filter_that_means_nothing_removes_nothing(wrong):
    image, _ = create(EMPTY, BASE)
    records, response = decide_deletion(image.acls, DeleteAclsRequest(filters=[named(**wrong)]))
    assert records == []
    assert response.filter_results[0].error_code == INVALID


def test_a_rule_that_was_not_there_cannot_be_removed():
    with pytest.raises(ReplayError, match="was not there"):
        replayed([RemoveAccessControlEntryRecord(id=b"x" * 16)], EMPTY)


ACLS = st.builds(
    Acl,
    st.integers(2, 7),
    st.text(min_size=1, max_size=5),
    st.sampled_from([LITERAL, PREFIXED]),
    st.text(max_size=5).map("User:{}".format),
    st.text(max_size=5),
    st.integers(2, 15),
    st.sampled_from([ALLOW, DENY]),
)


@given(st.dictionaries(st.binary(min_size=16, max_size=16), ACLS, max_size=5))
def test_a_snapshot_holds_every_rule(acls):
    image = replace(EMPTY, acls=acls)
    assert replayed(list(records_of(image)), EMPTY).acls == acls
