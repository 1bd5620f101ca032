"""The audit's lines: one for each refusal, bounded, and never more than one line."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from logcore.broker.authorization.acl_index import Decision
from logcore.broker.authorization.audit import Audit, Question, line_of, quoted, write
from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import Principal
from logcore.common.clock import ManualScheduler
from logcore.controller.acls import DENY, PREFIXED, Acl
from logcore.protocol.api_keys import ApiKey

QUESTION = Question(Operation.READ, ResourceType.TOPIC, "t")


def context(principal="alice", client_id="c") -> Any:
    return SimpleNamespace(
        principal=Principal("User", principal),
        connection=SimpleNamespace(peer_host="10.0.0.1", listener_name="L"),
        api_key=ApiKey.METADATA,
        version=12,
        client_id=client_id,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("User:alice", "User:alice"),
        ("a.b-c_d", "a.b-c_d"),
        ("", '""'),
        ("a b", '"a b"'),
        ("CN=a,O=b", '"CN=a,O=b"'),
        ("a\nrefused principal=User:root", '"a\\nrefused principal=User:root"'),
        ('a" rule=none', '"a\\" rule=none"'),
        ("\x1b[2J", '"\\u001b[2J"'),
        ("\x7f", '"\\u007f"'),
        ("\u202ex", '"\\u202ex"'),
        ("\udc80", '"\\udc80"'),
        ("a=b", '"a=b"'),
    ],
)
def test_a_hostile_name_is_quoted(text, expected):
    assert quoted(text) == expected


def test_a_long_name_is_cut():
    assert quoted("x" * 32_000) == "x" * 256 + "..."


def test_a_line_is_one_line_of_ascii_whatever_is_in_it():
    hostile = "\r\n\u2028\u2029\x85\0"
    question = Question(Operation.READ, ResourceType.GROUP, hostile)
    line = line_of(context(hostile, hostile), question, Decision(is_allowed=False))
    assert line.isascii()
    assert line.isprintable()


def test_the_rule_that_denied_is_named():
    acl = Acl(ResourceType.TOPIC, "a b", PREFIXED, "User:*", "10.0.0.1", Operation.ALL, DENY)
    line = line_of(context(), QUESTION, Decision(is_allowed=False, rule=acl))
    assert line.endswith('rule=deny:ALL:prefix:"a b":User:*@10.0.0.1')


def test_so_many_lines_a_second_and_the_rest_is_counted(caplog):
    caplog.set_level(logging.INFO, "logcore.audit")
    scheduler = ManualScheduler()
    audit = Audit(scheduler, lines_per_second=2)
    assert [audit.takes_refusal() for _ in range(5)] == [True, True, False, False, False]
    scheduler.advance(1000)
    assert caplog.messages == ["refused 3 more, which were not written down one by one"]
    assert audit.takes_refusal()
    scheduler.advance(5000)
    assert len(caplog.messages) == 1


def test_refusals_are_for_everybody_to_see_and_the_rest_for_who_debugs(caplog):
    caplog.set_level(logging.INFO, "logcore.audit")
    write(context(), QUESTION, Decision(is_allowed=True))
    write(context(), QUESTION, None)
    assert caplog.messages == []
    write(context(), QUESTION, Decision(is_allowed=False))
    assert caplog.records[0].levelname == "INFO"
    assert not Audit(ManualScheduler()).wants_allowed
