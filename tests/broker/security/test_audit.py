"""Each refused login is a line and a count; no client writes a line of its own."""

import logging

import pytest

from logcore.broker.security.audit import LoginAudit
from logcore.common.clock import ManualScheduler
from logcore.common.metrics import Metrics


def test_a_refusal_is_one_line_whatever_the_client_calls_itself(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    audit = LoginAudit(Metrics(), ManualScheduler())
    audit.failed("SASL", "PLAIN", "1.2.3.4:5", "bob\nlogin refused\x1b[2J" + "x" * 1000, "wrong")
    (message,) = caplog.messages
    assert message.startswith("login refused peer=1.2.3.4:5 listener=SASL mechanism=PLAIN user=")
    assert message.isprintable()
    assert len(message) < 500


def test_so_many_lines_a_second_and_every_login_is_counted(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    metrics, scheduler = Metrics(), ManualScheduler()
    audit = LoginAudit(metrics, scheduler)
    for _ in range(1000):
        audit.failed("SASL", "", "1.2.3.4:5", "", "nonsense")
    audit.succeeded("SASL", "PLAIN")
    audit.succeeded("SASL", "PLAIN", again=True)
    audit.expired("SASL")
    assert len(caplog.messages) == 100
    scheduler.advance(1000)
    assert caplog.messages[-1] == "refused 900 more, which were not written down one by one"
    text = metrics.render()
    for line in (
        'logcore_logins_total{listener="SASL",mechanism="none",outcome="failure"} 1000',
        'logcore_logins_total{listener="SASL",mechanism="PLAIN",outcome="success"} 1',
        'logcore_logins_total{listener="SASL",mechanism="PLAIN",outcome="renewed"} 1',
        'logcore_logins_expired_total{listener="SASL"} 1',
    ):
        assert line in text
