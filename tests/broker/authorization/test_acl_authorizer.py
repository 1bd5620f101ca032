"""The authorizer: super users, what it remembers and forgets, and what it has written down."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from logcore.broker.authorization import acl_authorizer
from logcore.broker.authorization.acl_authorizer import AclAuthorizer, refusal_counter, spellings
from logcore.broker.authorization.audit import Audit
from logcore.broker.authorization.questions import is_listed
from logcore.broker.authorizer import Operation, ResourceType, authorized_operations
from logcore.broker.context import Principal
from logcore.common.clock import ManualScheduler
from logcore.common.metrics import Metrics
from logcore.controller.acls import ALLOW, LITERAL, Acl
from logcore.protocol.api_keys import ApiKey

TOPIC = ResourceType.TOPIC
READ, WRITE = Operation.READ, Operation.WRITE
RULE = Acl(TOPIC, "t", LITERAL, "User:alice", "*", READ, ALLOW)


@pytest.fixture(autouse=True)
def any_question(monkeypatch):
    """Let every API ask everything, as if the table said so."""
    monkeypatch.setattr(acl_authorizer, "is_listed", lambda *_: True)


def context(name="alice", host="10.0.0.1", kind="User") -> Any:
    connection = SimpleNamespace(peer_host=host, listener_name="CLIENTS")
    return SimpleNamespace(
        principal=Principal(kind, name),
        connection=connection,
        api_key=ApiKey.FETCH,
        version=17,
        client_id="c",
    )


def authorizer(*acls: Acl, **rest: Any) -> AclAuthorizer:
    counter = rest.pop("refusals", None) or refusal_counter(Metrics())
    made = AclAuthorizer(Audit(ManualScheduler()), counter, **rest)
    made.load({bytes([number]): acl for number, acl in enumerate(acls)})
    return made


def test_rules_decide_and_super_users_need_none():
    made = authorizer(RULE, super_users=frozenset({"User:root"}))
    assert made.allows(context(), READ, TOPIC, "t")
    assert not made.allows(context(), WRITE, TOPIC, "t")
    assert not made.allows(context("bob"), READ, TOPIC, "t")
    assert made.allows(context("root"), WRITE, TOPIC, "t")
    assert not made.allows(context("root", kind="Group"), WRITE, TOPIC, "t")


def test_the_cluster_is_what_is_asked_about_where_nothing_is_named():
    rule = Acl(ResourceType.CLUSTER, "kafka-cluster", LITERAL, "User:alice", "*", READ, ALLOW)
    assert authorizer(rule).allows(context(), READ, ResourceType.CLUSTER)


def test_a_handler_that_asks_what_is_not_in_the_table_is_a_mistake_of_ours(monkeypatch):
    monkeypatch.setattr(acl_authorizer, "is_listed", is_listed)
    made = authorizer(RULE)
    assert made.allows(context(), READ, TOPIC, "t")
    with pytest.raises(AssertionError, match="not in the table"):
        made.allows(context(), WRITE, TOPIC, "t")
    with pytest.raises(AssertionError, match="not in the table"):
        made.allows_any(context(), WRITE, TOPIC)
    assert not made.allows(context(), WRITE, TOPIC, "t", is_quiet=True)


def test_any_name():
    made = authorizer(RULE, super_users=frozenset({"User:root"}))
    assert made.allows_any(context(), READ, TOPIC)
    assert not made.allows_any(context(), WRITE, TOPIC)
    assert made.allows_any(context("root"), WRITE, TOPIC)
    assert made.remembered == 3
    assert made.allows_any(context(), READ, TOPIC)
    assert made.remembered == 3


def test_answers_are_remembered_until_the_rules_change():
    made = authorizer(RULE)
    for _ in range(3):
        assert made.allows(context(), READ, TOPIC, "t")
        assert not made.allows(context("bob"), READ, TOPIC, "t")
    assert made.remembered == 2
    made.load({})
    assert made.remembered == 0
    assert not made.allows(context(), READ, TOPIC, "t")


def test_an_answer_is_of_one_principal_host_operation_type_and_name():
    made = authorizer(Acl(TOPIC, "t", LITERAL, "User:alice", "10.0.0.1", READ, ALLOW))
    assert made.allows(context(), READ, TOPIC, "t")
    assert not made.allows(context(host="10.0.0.2"), READ, TOPIC, "t")
    assert not made.allows(context(kind="Group"), READ, TOPIC, "t")
    assert not made.allows(context(), WRITE, TOPIC, "t")
    assert not made.allows(context(), READ, ResourceType.GROUP, "t")
    assert not made.allows(context(), READ, TOPIC, "u")
    assert made.allows(context(), READ, TOPIC, "t")


def test_who_asks_for_names_without_end_fills_no_memory(monkeypatch):
    monkeypatch.setattr(acl_authorizer, "REMEMBERED_MAX", 10)
    made = authorizer(RULE)
    for number in range(100):
        made.allows(context(), READ, TOPIC, f"t{number}", is_quiet=True)
        assert made.remembered <= 10
    made.load({})
    made.allows(context(), READ, TOPIC, "t" * 1000, is_quiet=True)
    assert made.remembered == 0


def test_operations_that_are_allowed_as_a_bit_set():
    assert authorized_operations(authorizer(RULE), context(), TOPIC, "t") == 1 << 3 | 1 << 8


@pytest.mark.parametrize(
    ("host", "spelt"),
    [
        ("10.0.0.1", ("10.0.0.1",)),
        ("::1", ("::1", "0:0:0:0:0:0:0:1")),
        ("2001:db8::ff00:42", ("2001:db8::ff00:42", "2001:db8:0:0:0:0:ff00:42")),
        ("::ffff:10.0.0.1", ("::ffff:10.0.0.1", "10.0.0.1")),
        ("fe80::1%eth0", ("fe80::1%eth0", "fe80:0:0:0:0:0:0:1%eth0")),
        ("unix", ("unix",)),
    ],
)
def test_an_address_is_found_as_java_spells_it(host, spelt):
    assert spellings(host) == spelt


def test_refusals_are_written_down_unless_nobody_was_refused(caplog):
    caplog.set_level(logging.INFO, "logcore.audit")
    made = authorizer(RULE)
    made.allows(context(), WRITE, TOPIC, "t", is_quiet=True)
    made.allows(context(), READ, TOPIC, "t")
    authorized_operations(made, context(), TOPIC, "t")
    assert caplog.messages == []
    for _ in range(2):
        made.allows(context(), WRITE, TOPIC, "t")
    line = (
        "refused principal=User:alice host=10.0.0.1 operation=WRITE resource=TOPIC:t api=FETCH "
        "version=17 listener=CLIENTS client=c rule=none"
    )
    assert caplog.messages == [line, line]
    made.allows_any(context(), WRITE, TOPIC)
    assert "resource=TOPIC:any" in caplog.messages[-1]


def test_refusals_are_counted():
    metrics = Metrics()
    made = authorizer(RULE, refusals=refusal_counter(metrics))
    made.allows(context(), READ, TOPIC, "t")
    made.allows(context(), WRITE, TOPIC, "t", is_quiet=True)
    made.allows(context(), WRITE, TOPIC, "t")
    made.allows_any(context(), WRITE, TOPIC)
    line = 'logcore_authorization_refusals_total{operation="WRITE",resource_type="TOPIC"} 2'
    assert line in metrics.render()


def test_rules_come_and_go_one_by_one():
    made = authorizer(RULE)
    assert made.allows(context(), READ, TOPIC, "t")
    made.change([RULE], [])
    assert not made.allows(context(), READ, TOPIC, "t")
    made.change([], [RULE])
    assert made.allows(context(), READ, TOPIC, "t")


def test_what_is_allowed_is_written_down_when_somebody_debugs(caplog):
    caplog.set_level(logging.DEBUG, "logcore.audit")
    made = authorizer(RULE, super_users=frozenset({"User:root"}))
    made.allows(context(), READ, TOPIC, "t")
    made.allows(context("root"), READ, TOPIC, "t")
    assert caplog.messages[0].endswith("rule=allow:READ:name:t:User:alice@*")
    assert caplog.messages[1].endswith("rule=super.users")
