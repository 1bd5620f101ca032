"""The gates of listeners that ask for a login by SASL, made from the settings.

Invariant: mechanisms of all listeners share one view of the credentials, and one watch over keys
that are fetched; after `stop` nothing is kept fresh.
Neighbours: `logins` makes one, where a listener asks for it and not before; `gate` stands before a
connection, `session` goes through it.
"""

import secrets
from collections.abc import Callable
from functools import partial
from typing import Final

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.lanes import Lanes
from logcore.broker.security.audit import LoginAudit
from logcore.broker.security.credentials import MetadataCredentials
from logcore.broker.security.gate import Gate, GateSettings
from logcore.broker.security.mechanism_settings import MechanismSettings
from logcore.broker.security.mechanisms import MechanismMaker
from logcore.broker.security.session import receive
from logcore.broker.security.tokens import token_settings
from logcore.common.clock import Scheduler
from logcore.controller.controller import Controller
from logcore.network.connection import Connection, RequestHandler

_LANE: Final = "oauth keys"


class Gates:
    """Makes gates.

    Args:
        config: The broker's settings.
        controller: Knows users and tokens.
        scheduler: Time and timers.
        lanes: Threads for what may block.
        audit: Where logins are told.
    """

    def __init__(
        self,
        config: BrokerConfig,
        controller: Controller,
        scheduler: Scheduler,
        lanes: Lanes,
        audit: LoginAudit,
    ) -> None:
        self._config = config
        self._scheduler = scheduler
        self._audit = audit
        self._maker = MechanismMaker(
            MetadataCredentials(lambda: controller.image, token_settings(config), scheduler.now_ms),
            secrets.token_bytes(32),
            scheduler,
            partial(lanes.run, _LANE),
        )

    def opener(self, listener: str, handler: RequestHandler) -> Callable[[Connection], object]:
        """Return what a listener does with a new connection.

        Raises:
            ConfigError: If the settings want what there is not.
        """
        return partial(receive, self._gate(listener, handler))

    def _gate(self, listener: str, handler: RequestHandler) -> Gate:
        config = self._config
        mechanisms = self._maker.make(config, listener)
        settings = GateSettings(
            receive_max_bytes=config.of_listener(listener, "sasl.server.max.receive.size"),
            request_max_bytes=config["socket.request.max.bytes"],
            failure_delay_ms=config["connection.failed.authentication.delay.ms"],
            lifetimes_ms={
                name: MechanismSettings(config, listener, name)["connections.max.reauth.ms"]
                for name in mechanisms
            },
        )
        return Gate(listener, mechanisms, settings, handler, self._scheduler, self._audit)

    def stop(self) -> None:
        """Keep nothing fresh any more."""
        self._maker.stop()
