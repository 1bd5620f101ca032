"""Logins on all listeners: what each demands, made from the settings when it is bound.

Invariant: every connection of a listener that asks for logins has a session, and every one that
shows a certificate has a name from it, before its first request. What nobody wants is not loaded.
Neighbours: `broker.listeners` asks for these; `gates` and `certificate_names` are what they are.
"""

import logging
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.listeners import Endpoint
from logcore.broker.lanes import Lanes
from logcore.broker.security.audit import LoginAudit
from logcore.broker.security.tokens import TokenSweeper
from logcore.common.clock import Scheduler
from logcore.common.deferred import Deferred
from logcore.common.metrics import Metrics
from logcore.controller.controller import Controller
from logcore.network.connection import Connection, RequestHandler

if TYPE_CHECKING:
    from logcore.broker.security.gates import Gates

logger = logging.getLogger(__name__)

_FIRST_USERS: Final = "logcore.add.scram"
_NAME_RULES: Final = "ssl.principal.mapping.rules"


class Logins:
    """Makes what listeners demand of those who connect.

    Args:
        config: The broker's settings.
        controller: Knows users and tokens.
        scheduler: Time and timers.
        lanes: Threads for what may block.
        metrics: Where logins are counted.
    """

    def __init__(
        self,
        config: BrokerConfig,
        controller: Controller,
        scheduler: Scheduler,
        lanes: Lanes,
        metrics: Metrics,
    ) -> None:
        self._config = config
        self._controller = controller
        self._scheduler = scheduler
        self._lanes = lanes
        self._sweeper = TokenSweeper(
            controller, scheduler, config["delegation.token.expiry.check.interval.ms"]
        )
        self._audit = LoginAudit(metrics, scheduler)
        self._stopping: list[Callable[[], object]] = [self._sweeper.stop]

    @cached_property
    def _gates(self) -> "Gates":
        from logcore.broker.security.gates import Gates  # noqa: PLC0415 - where SASL is asked for

        gates = Gates(self._config, self._controller, self._scheduler, self._lanes, self._audit)
        self._stopping.append(gates.stop)
        return gates

    def opener(
        self, listener: Endpoint, handler: RequestHandler
    ) -> Callable[[Connection], object] | None:
        """Return what a listener does with a new connection; None for nothing.

        Raises:
            ConfigError: If the settings want what there is not.
        """
        if listener.is_sasl:
            return self._gates.opener(listener.name, handler)
        if listener.is_tls:
            from logcore.broker.security.certificate_names import (  # noqa: PLC0415 - where it is TLS
                CertificateNames,
            )

            rules = self._config.of_listener(listener.name, _NAME_RULES) or ""
            return CertificateNames(rules, self._audit).identify
        return None

    def start(self) -> Deferred[None]:
        """Add the first users, and look for tokens that are over from now on.

        Raises:
            ConfigError: If the first users are not written as they should be.
        """
        self._sweeper.start()
        text = self._config[_FIRST_USERS]
        if not text:
            return Deferred.of(None)
        from logcore.broker.security import first_users  # noqa: PLC0415 - where some are named

        users = first_users.read(text)
        added = self._controller.change(lambda image: first_users.missing(image, users))
        return added.map(_tell_added)

    def stop(self) -> None:
        """Keep nothing fresh any more."""
        for stop in self._stopping:
            stop()


def _tell_added(names: list[str]) -> None:
    if names:
        logger.info("added the users %s", ", ".join(names))
