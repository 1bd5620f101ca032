"""Who may ask for tokens, and that those which are over are swept out."""

from dataclasses import replace
from typing import Any

import pytest

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.security.tokens import TokenSweeper, check_may_ask, token_settings
from logcore.common.clock import ManualScheduler
from logcore.common.deferred import Deferred
from logcore.common.errors import DelegationTokenRequestNotAllowedError, KafkaStorageError
from logcore.common.principal import ANONYMOUS, Principal
from logcore.controller.delegation_tokens import DelegationToken, TokenSettings
from logcore.controller.image import EMPTY

ALICE = Principal("User", "alice")


def test_settings_come_from_kafkas_keys():
    assert token_settings(BrokerConfig()) == TokenSettings(None, 604_800_000, 86_400_000)
    given = {"delegation.token.secret.key": "k", "delegation.token.max.lifetime.ms": "5"}
    assert token_settings(BrokerConfig(given)) == TokenSettings(b"k", 5, 86_400_000)


def test_who_may_ask():
    check_may_ask(ALICE)
    for principal in (ANONYMOUS, Principal("User", "alice", has_token=True)):
        with pytest.raises(DelegationTokenRequestNotAllowedError):
            check_may_ask(principal)


class FakeController:
    """Metadata with three tokens."""

    def __init__(self) -> None:
        tokens = {
            name: DelegationToken(name, ALICE, ALICE, (), 0, 10_000, expiry_ms)
            for name, expiry_ms in (("a", 1500), ("b", 2500), ("c", 2500))
        }
        self.image = replace(EMPTY, delegation_tokens=tokens)
        self.removed: list[list[str]] = []
        self.error: Exception | None = None

    def change(self, decide: Any) -> Deferred[Any]:
        records, answer = decide(self.image)
        self.removed.append([record.token_id for record in records])
        if self.error is not None:
            return Deferred.failed(self.error)
        left = dict(self.image.delegation_tokens)
        for record in records:
            del left[record.token_id]
        self.image = replace(self.image, delegation_tokens=left)
        return Deferred.of(answer)


def test_tokens_that_are_over_are_swept_out_in_time(caplog: pytest.LogCaptureFixture):
    controller, scheduler = FakeController(), ManualScheduler(start_ms=0)
    sweeper = TokenSweeper(controller, scheduler, 1000)  # type: ignore[arg-type]
    sweeper.start()
    scheduler.advance(1000)
    assert controller.removed == []
    scheduler.advance(1000)
    controller.error = KafkaStorageError("full")
    scheduler.advance(1000)
    assert "could not be removed: full" in caplog.text
    controller.error = None
    scheduler.advance(1000)
    assert controller.removed == [["a"], ["b", "c"], ["b", "c"]]
    sweeper.stop()
    scheduler.advance(10_000)
    assert controller.image.delegation_tokens == {}
