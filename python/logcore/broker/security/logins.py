"""Logins on all listeners: what each demands, made from the settings when it is bound.

Invariant: every connection of a listener that asks for logins has a session, and every one that
shows a certificate has a name from it, before its first request.
Neighbours: `broker.listeners` asks for these; `mechanisms` and `gate` are what they are made of.
"""

import logging
import secrets
from collections.abc import Callable
from functools import partial
from typing import Final

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.listeners import Endpoint
from logcore.broker.lanes import Lanes
from logcore.broker.security import first_users
from logcore.broker.security.audit import LoginAudit
from logcore.broker.security.credentials import MetadataCredentials
from logcore.broker.security.distinguished_name import MalformedCertificateError, subject_of
from logcore.broker.security.gate import Gate, GateSettings
from logcore.broker.security.mechanism_settings import MechanismSettings
from logcore.broker.security.mechanisms import MechanismMaker
from logcore.broker.security.principal_mapping import KEY, PrincipalMapping
from logcore.broker.security.session import receive
from logcore.broker.security.tokens import TokenSweeper, token_settings
from logcore.common.clock import Scheduler
from logcore.common.deferred import Deferred
from logcore.common.metrics import Metrics
from logcore.common.principal import USER, Principal
from logcore.controller.controller import Controller
from logcore.network.connection import Connection, RequestHandler

logger = logging.getLogger(__name__)

_LANE: Final = "oauth keys"
_TLS: Final = "TLS"


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
        self._sweeper = TokenSweeper(
            controller, scheduler, config["delegation.token.expiry.check.interval.ms"]
        )
        self._scheduler = scheduler
        self._audit = LoginAudit(metrics, scheduler)
        self._maker = MechanismMaker(
            MetadataCredentials(lambda: controller.image, token_settings(config), scheduler.now_ms),
            secrets.token_bytes(32),
            scheduler,
            partial(lanes.run, _LANE),
        )

    def opener(
        self, listener: Endpoint, handler: RequestHandler
    ) -> Callable[[Connection], object] | None:
        """Return what a listener does with a new connection; None for nothing.

        Raises:
            ConfigError: If the settings want what there is not.
        """
        if listener.is_sasl:
            return partial(receive, self._gate(listener.name, handler))
        if listener.is_tls:
            mapping = PrincipalMapping(self._config.of_listener(listener.name, KEY) or "")
            return partial(self._identify, mapping)
        return None

    def start(self) -> Deferred[None]:
        """Add the first users, and look for tokens that are over from now on.

        Raises:
            ConfigError: If the first users are not written as they should be.
        """
        self._sweeper.start()
        text = self._config[first_users.KEY]
        if not text:
            return Deferred.of(None)
        users = first_users.read(text)
        added = self._controller.change(lambda image: first_users.missing(image, users))
        return added.map(_tell_added)

    def stop(self) -> None:
        """Keep nothing fresh any more."""
        self._sweeper.stop()
        self._maker.stop()

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

    def _identify(self, mapping: PrincipalMapping, connection: Connection) -> None:
        """Name who showed a certificate; who showed none stays anonymous."""
        certificate = connection.peer_certificate
        if certificate is None:
            return
        try:
            subject = subject_of(certificate)
        except MalformedCertificateError as error:
            self._refuse(connection, "", str(error))
            return
        name = mapping.name_of(subject)
        if name is None:
            self._refuse(connection, subject, f"no rule of {KEY} fits")
        else:
            connection.principal = Principal(USER, name)
            self._audit.succeeded(connection.listener_name, _TLS)

    def _refuse(self, connection: Connection, subject: str, reason: str) -> None:
        self._audit.failed(connection.listener_name, _TLS, connection.peer, subject, reason)
        connection.shut()


def _tell_added(names: list[str]) -> None:
    if names:
        logger.info("added the users %s", ", ".join(names))
