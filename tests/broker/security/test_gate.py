"""What a listener demands is what its settings say."""

from typing import Any

from logcore.broker.security.audit import LoginAudit
from logcore.broker.security.gate import Gate, GateSettings
from logcore.common.clock import ManualScheduler
from logcore.common.metrics import Metrics


def test_it_demands_what_the_settings_say():
    scheduler = ManualScheduler()
    handler: Any = object()
    settings = GateSettings(1, 2, 3, {"PLAIN": 4})
    gate = Gate("SASL", {}, settings, handler, scheduler, LoginAudit(Metrics(), scheduler))
    assert (gate.receive_max_bytes, gate.request_max_bytes, gate.failure_delay_ms) == (1, 2, 3)
    assert [gate.lifetime_max_ms(name) for name in ("PLAIN", "SCRAM-SHA-256")] == [4, 0]
    assert gate.next is handler
