"""Decisions by rules: each of Kafka's rules by itself, and all of them against a naive model."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logcore.broker.authorization.acl_index import AclIndex, Asker
from logcore.broker.authorizer import Operation, ResourceType
from logcore.controller.acls import ALLOW, DENY, LITERAL, PREFIXED, Acl

TOPIC, GROUP = ResourceType.TOPIC, ResourceType.GROUP
READ, WRITE, DESCRIBE = Operation.READ, Operation.WRITE, Operation.DESCRIBE
ALICE = Asker("User:alice", ("10.0.0.1",))
BASE = Acl(TOPIC, "orders", LITERAL, "User:alice", "*", READ, ALLOW)


def may(*acls: Acl, asker=ALICE, operation=READ, kind=TOPIC, name="orders", default=False) -> bool:
    index = AclIndex(acls, allows_without_rule=default)
    return index.decide(asker, operation, kind, name).is_allowed


def test_what_nobody_allowed_is_denied_but_for_resources_that_no_rule_is_about():
    assert not may()
    assert may(default=True)
    assert not may(replace(BASE, principal="User:bob"), default=True)
    assert may(replace(BASE, principal="User:bob"), name="others", default=True)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"resource_name": "*"}, True),
        ({"resource_name": "order"}, False),
        ({"resource_name": "order", "pattern_type": PREFIXED}, True),
        ({"resource_name": "orders", "pattern_type": PREFIXED}, True),
        ({"resource_name": "orders-", "pattern_type": PREFIXED}, False),
        ({"resource_name": "*", "pattern_type": PREFIXED}, False),
        ({"resource_type": GROUP}, False),
        ({"principal": "User:*"}, True),
        ({"principal": "Group:*"}, False),
        ({"principal": "User:alic"}, False),
        ({"principal": "Group:alice"}, False),
        ({"host": "10.0.0.1"}, True),
        ({"host": "10.0.0.2"}, False),
        ({"operation": Operation.ALL}, True),
        ({"operation": WRITE}, False),
    ],
)
def test_a_rule_is_about_what_it_says(changes, expected):
    assert may(replace(BASE, **changes)) is expected
    denied = replace(BASE, **changes, permission_type=DENY)
    assert may(denied, BASE) is not expected


@pytest.mark.parametrize("operation", [READ, WRITE, Operation.DELETE, Operation.ALTER])
def test_what_is_allowed_implies_describing_and_what_is_denied_does_not(operation):
    assert may(replace(BASE, operation=operation), operation=DESCRIBE)
    allowed = replace(BASE, operation=DESCRIBE)
    assert may(
        replace(BASE, operation=operation, permission_type=DENY), allowed, operation=DESCRIBE
    )


@pytest.mark.parametrize("operation", [Operation.CREATE, Operation.ALTER_CONFIGS])
def test_other_operations_do_not_imply_describing(operation):
    assert not may(replace(BASE, operation=operation), operation=DESCRIBE)


def test_altering_settings_implies_describing_them_and_nothing_else_does():
    describe = Operation.DESCRIBE_CONFIGS
    assert may(replace(BASE, operation=Operation.ALTER_CONFIGS), operation=describe)
    assert not may(replace(BASE, operation=Operation.ALTER), operation=describe)


def test_the_decision_names_its_rule():
    denied = replace(BASE, host="10.0.0.1", permission_type=DENY)
    index = AclIndex([BASE, denied])
    assert index.decide(ALICE, READ, TOPIC, "orders").rule == denied
    assert index.decide(Asker("User:alice", ()), READ, TOPIC, "orders").rule == BASE
    assert index.decide(ALICE, WRITE, TOPIC, "orders").rule is None


ANY_NAME = [
    ([], False),
    ([{}], True),
    ([{"operation": Operation.ALL}], True),
    ([{"operation": READ}], False),
    ([{"resource_name": "o", "pattern_type": PREFIXED}], True),
    ([{}, {"permission_type": DENY}], False),
    ([{}, {"permission_type": DENY, "resource_name": "*"}], False),
    ([{}, {"permission_type": DENY, "resource_name": "o", "pattern_type": PREFIXED}], False),
    ([{}, {"permission_type": DENY, "resource_name": "x", "pattern_type": PREFIXED}], True),
    ([{"resource_name": "*"}, {"permission_type": DENY, "resource_name": "x"}], True),
    ([{"principal": "User:bob"}], False),
    ([{"host": "10.0.0.2"}], False),
    ([{"resource_type": GROUP}], False),
]


@pytest.mark.parametrize(("changes", "expected"), ANY_NAME)
def test_whether_there_is_any_name_at_all(changes, expected):
    base = replace(BASE, operation=WRITE)
    index = AclIndex([replace(base, **each) for each in changes])
    assert index.decide_any(ALICE, WRITE, TOPIC) is expected


NAMES = ["a", "ab", "abc", "b", "*", "hardcode"]
RULES = st.builds(
    Acl,
    st.sampled_from([TOPIC, GROUP]),
    st.sampled_from(NAMES),
    st.sampled_from([LITERAL, PREFIXED]),
    st.sampled_from(["User:alice", "User:bob", "User:*", "Group:alice"]),
    st.sampled_from(["*", "10.0.0.1", "10.0.0.2"]),
    st.sampled_from(list(Operation)),
    st.sampled_from([ALLOW, DENY]),
)
QUESTIONS = st.tuples(
    st.sampled_from(["User:alice", "User:carol", "Group:alice"]),
    st.sampled_from(["10.0.0.1", "10.0.0.9"]),
    st.sampled_from([each for each in Operation if each is not Operation.ALL]),
    st.sampled_from([TOPIC, GROUP]),
    st.sampled_from([*NAMES, "abcd", "bc", ""]),
)


def naive(acls, question, default):
    """Say what a list of rules says, as one would explain it."""
    principal, host, operation, kind, name = question
    about = [
        acl
        for acl in acls
        if acl.resource_type == kind
        and (
            name.startswith(acl.resource_name)
            if acl.pattern_type == PREFIXED
            else acl.resource_name in (name, "*")
        )
    ]
    if not about:
        return default
    mine = [
        acl for acl in about if acl.principal in (principal, "User:*") and acl.host in (host, "*")
    ]
    implied = {operation, Operation.ALL}
    if any(acl.permission_type == DENY and acl.operation in implied for acl in mine):
        return False
    if operation is DESCRIBE:
        implied |= {READ, WRITE, Operation.DELETE, Operation.ALTER}
    if operation is Operation.DESCRIBE_CONFIGS:
        implied |= {Operation.ALTER_CONFIGS}
    return any(acl.permission_type == ALLOW and acl.operation in implied for acl in mine)


@settings(max_examples=500)
@given(st.lists(RULES, max_size=6), QUESTIONS, st.booleans())
def test_the_index_agrees_with_the_naive_reading_of_the_rules(acls, question, default):
    principal, host, operation, kind, name = question
    index = AclIndex(acls, allows_without_rule=default)
    decision = index.decide(Asker(principal, (host,)), operation, kind, name)
    assert decision.is_allowed is naive(acls, question, default)
    assert decision.rule is None or decision.rule in acls


@given(st.lists(RULES, max_size=8), st.lists(RULES, max_size=4), QUESTIONS)
def test_rules_that_come_and_go_leave_no_trace(kept, gone, question):
    principal, host, operation, kind, name = question
    index = AclIndex(gone)
    for acl in kept:
        index.add(acl)
    for acl in gone:
        index.remove(acl)
    fresh = AclIndex(kept)
    asker = Asker(principal, (host,))
    assert sorted_rules(index) == sorted_rules(fresh)
    decided = [each.decide(asker, operation, kind, name).is_allowed for each in (index, fresh)]
    assert decided[0] is decided[1]


def sorted_rules(index: AclIndex):
    """Return all rules of an index in a fixed order, and the lengths of prefixes."""
    rules = [
        acl
        for patterns in (index._literal, index._prefixed)
        for by_principal in patterns.values()
        for acls in by_principal.values()
        for acl in acls
    ]
    lengths = {kind: lengths for kind, lengths in index._lengths.items() if lengths}
    return sorted(rules, key=repr), lengths


@given(st.lists(RULES, max_size=6), QUESTIONS)
def test_who_may_for_a_name_may_for_any(acls, question):
    """The converse does not hold: a rule that denies all of an address may hide behind names."""
    principal, host, _, kind, name = question
    index, asker = AclIndex(acls), Asker(principal, (host,))
    if name and index.decide(asker, WRITE, kind, name).is_allowed:
        assert index.decide_any(asker, WRITE, kind)
