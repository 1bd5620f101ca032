"""Logging in by OAUTHBEARER: signed tokens, checked with keys, or unsecured ones if asked for.

Invariant: without keys there are no logins by signed tokens; unsecured ones are warned about.
Neighbours: `mechanisms` asks when a listener has OAUTHBEARER, and imports this only then; `jwks`
keeps the keys, `jwt` reads claims, `oauthbearer` holds the conversation.
Source: KIP-255, KIP-768; Apache Kafka 4.3.1, `OAuthBearerLoginModule`.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from logcore.broker.security import jwks, jws
from logcore.broker.security.jwks import KeySet, KeySetSettings, SignedTokens
from logcore.broker.security.jwt import ClaimRules, unsecured_login
from logcore.broker.security.mechanism_settings import MechanismSettings, config_error
from logcore.broker.security.oauthbearer import OauthBearerExchange
from logcore.common.clock import Scheduler

logger = logging.getLogger(__name__)

_UNSECURED: Final = "unsecured"
_OAUTH: Final = "org.apache.kafka.common.security.oauthbearer."
_CHECKING_HANDLERS: Final = (
    f"{_OAUTH}OAuthBearerValidatorCallbackHandler",
    f"{_OAUTH}secured.OAuthBearerValidatorCallbackHandler",
)
_UNSECURED_HANDLER: Final = (
    f"{_OAUTH}internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler"
)
_VALIDATORS: Final = (f"{_OAUTH}DefaultJwtValidator", f"{_OAUTH}BrokerJwtValidator")


class TokenLogins:
    """Makes logins by tokens.

    Args:
        scheduler: Time and timers.
        run: Runs what may block.
    """

    def __init__(self, scheduler: Scheduler, run: jwks.Run) -> None:
        self._scheduler = scheduler
        self._run = run
        self._key_sets: list[KeySet] = []

    def stop(self) -> None:
        """Keep no keys fresh any more."""
        for keys in self._key_sets:
            keys.stop()

    def make(self, settings: MechanismSettings) -> Callable[[], Any]:
        """Return how one logs in by OAUTHBEARER on a listener.

        Raises:
            ConfigError: If that is not as the settings want it.
        """
        handler = settings["sasl.server.callback.handler.class"]
        options = settings.options("OAuthBearerLoginModule", is_needed=False)
        url = settings[jwks.URL_KEY]
        if handler not in (None, "", _UNSECURED_HANDLER, *_CHECKING_HANDLERS):
            settings.check_no_classes()
        if handler == _UNSECURED_HANDLER or (
            not url
            and handler not in _CHECKING_HANDLERS
            and any(name.startswith(_UNSECURED) for name in options)
        ):
            return self._unsecured(settings, options)
        return self._signed(settings, url)

    def _signed(self, settings: MechanismSettings, url: str | None) -> Callable[[], Any]:
        """Return logins by tokens whose signatures are checked; without keys there are none."""
        if not url:
            problem = f"OAUTHBEARER on {settings.listener} needs the keys that sign tokens"
            raise config_error(jwks.URL_KEY, problem)
        validator = settings["sasl.oauthbearer.jwt.validator.class"]
        if validator not in _VALIDATORS:
            problem = f"logcore runs no Java, so it cannot check tokens by {validator}"
            raise config_error("sasl.oauthbearer.jwt.validator.class", problem)
        jwks.check_url(jwks.URL_KEY, url)
        jws.check_installed(jwks.URL_KEY)
        keys = KeySet(_key_set_settings(settings, url), self._scheduler, self._run)
        keys.start()
        self._key_sets.append(keys)
        validate = SignedTokens(keys, _claim_rules(settings), self._scheduler.now_ms)
        return lambda: OauthBearerExchange(validate)

    def _unsecured(
        self, settings: MechanismSettings, options: Mapping[str, str]
    ) -> Callable[[], Any]:
        logger.warning(
            "%s lets in whoever calls itself by any name: its OAUTHBEARER tokens are not signed",
            settings.listener,
        )
        rules, now_ms = _unsecured_rules(settings, options), self._scheduler.now_ms
        return lambda: OauthBearerExchange(lambda token: unsecured_login(token, rules, now_ms()))


def _key_set_settings(settings: MechanismSettings, url: str) -> KeySetSettings:
    return KeySetSettings(
        url=url,
        refresh_ms=settings["sasl.oauthbearer.jwks.endpoint.refresh.ms"],
        retry_ms=settings["sasl.oauthbearer.jwks.endpoint.retry.backoff.ms"],
        retry_max_ms=settings["sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms"],
    )


def _claim_rules(settings: MechanismSettings) -> ClaimRules:
    return ClaimRules(
        subject_claim=settings["sasl.oauthbearer.sub.claim.name"],
        scope_claim=settings["sasl.oauthbearer.scope.claim.name"],
        skew_ms=1000 * settings["sasl.oauthbearer.clock.skew.seconds"],
        issuer=settings["sasl.oauthbearer.expected.issuer"] or None,
        audiences=frozenset(settings["sasl.oauthbearer.expected.audience"] or ()),
    )


def _unsecured_rules(settings: MechanismSettings, options: Mapping[str, str]) -> ClaimRules:
    skew = options.get("unsecuredValidatorAllowableClockSkewMs", "").strip() or "0"
    if not skew.isdecimal():
        key = settings.key("sasl.jaas.config")
        raise config_error(key, "unsecuredValidatorAllowableClockSkewMs is no number")
    return ClaimRules(
        subject_claim=options.get("unsecuredValidatorPrincipalClaimName", "").strip() or "sub",
        scope_claim=options.get("unsecuredValidatorScopeClaimName", "").strip() or "scope",
        skew_ms=int(skew),
        is_signed=False,
        scopes=frozenset(options.get("unsecuredValidatorRequiredScope", "").split()),
    )
