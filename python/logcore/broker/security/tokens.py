"""Delegation tokens in a broker: their settings, who may ask for them, and sweeping them out.

Invariant: a token is asked for by somebody who is known, and not by means of a token; one that is
over is removed from the metadata within the interval of checks.
Neighbours: `controller.delegation_tokens` decides; the handlers of the four requests ask here.
Source: Apache Kafka 4.3.1, `KafkaApis.allowTokenRequests` and `DelegationTokenManagerConfigs`.
"""

import logging
from collections.abc import Mapping
from typing import Any

from logcore.common.clock import Scheduler, Timer
from logcore.common.deferred import Deferred
from logcore.common.errors import DelegationTokenRequestNotAllowedError
from logcore.common.principal import ANONYMOUS, Principal
from logcore.controller.controller import Controller
from logcore.controller.delegation_tokens import TokenSettings, decide_sweep

logger = logging.getLogger(__name__)


def token_settings(config: Mapping[str, Any]) -> TokenSettings:
    """Return what holds for tokens."""
    secret_key = config["delegation.token.secret.key"]
    return TokenSettings(
        secret_key=secret_key.encode() if secret_key else None,
        lifetime_max_ms=config["delegation.token.max.lifetime.ms"],
        expiry_ms=config["delegation.token.expiry.time.ms"],
    )


def check_may_ask(principal: Principal) -> None:
    """Check that somebody may ask for or about tokens.

    Raises:
        DelegationTokenRequestNotAllowedError: If they may not.
    """
    if principal == ANONYMOUS or principal.has_token:
        raise DelegationTokenRequestNotAllowedError(
            "tokens are for those who logged in by something else than a token"
        )


class TokenSweeper:
    """Removes tokens that are over.

    Args:
        controller: Where they are.
        scheduler: Tells when.
        interval_ms: How often to look.
    """

    def __init__(self, controller: Controller, scheduler: Scheduler, interval_ms: int) -> None:
        self._controller = controller
        self._scheduler = scheduler
        self._interval_ms = interval_ms
        self._timer: Timer | None = None

    def start(self) -> None:
        """Look from time to time."""
        self._timer = self._scheduler.call_later(self._interval_ms, self._sweep)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _sweep(self) -> None:
        now_ms = self._scheduler.now_ms()
        if decide_sweep(self._controller.image.delegation_tokens, now_ms):
            self._controller.change(
                lambda image: (decide_sweep(image.delegation_tokens, now_ms), None)
            ).then(_report)
        self.start()


def _report(done: Deferred[None]) -> None:
    if done.error is not None:
        logger.error("delegation tokens that are over could not be removed: %s", done.error)
