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
from tests.broker.authorization.ruling import authorized_keys
from tests.broker.authorization.world import asked
from tests.broker.wire import Wire
from tests.interop.broker import running_broker as interop_broker

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


def test_who_runs_a_broker_sees_refusals_without_asking_for_them(tmp_path):
    with interop_broker(tmp_path, settings=authorized_keys()) as broker:
        port = int(broker.bootstrap.rpartition(":")[2])
        with Wire(port, "a client\nof mine") as wire:
            topics = [{"name": "secret"}]
            asked(wire, ApiKey.METADATA, 9, topics=topics)
            asked(wire, ApiKey.METADATA, 9, topics=None)
        broker.stop()
        lines = [line for line in broker.tail().splitlines() if "logcore.audit" in line]
    assert len(lines) == 1
    assert lines[0].endswith(
        "INFO logcore.audit: refused principal=User:ANONYMOUS host=127.0.0.1 operation=DESCRIBE "
        "resource=TOPIC:secret api=METADATA version=9 listener=PLAINTEXT "
        'client="a client\\nof mine" rule=none'
    )
