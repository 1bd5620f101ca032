"""How one logs in on a listener, as its settings say: each mechanism with its users and keys.

A setting of one mechanism on one listener, ``listener.name.<listener>.<mechanism>.<key>``, goes
before the listener's, and that before everybody's; ``sasl.jaas.config`` counts only in the first
form, as in Apache Kafka.
Invariant: what comes out lets nobody in whom the settings do not; a mechanism that cannot be served
as they want it stops the start with a sentence that says why.
Neighbours: `plain`, `scram`, `oauthbearer` are what is begun; `logins` asks for these.
Source: Apache Kafka 4.3.1, `SaslChannelBuilder` and `JaasContext`.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.given_keys import listener_prefix
from logcore.broker.security import jaas, jwks, jws
from logcore.broker.security.exchange import Mechanisms
from logcore.broker.security.jwks import KeySet, KeySetSettings, SignedTokens
from logcore.broker.security.jwt import ClaimRules, unsecured_login
from logcore.broker.security.oauthbearer import OauthBearerExchange
from logcore.broker.security.plain import PlainExchange
from logcore.broker.security.scram import Credentials, ScramExchange
from logcore.common.clock import Scheduler
from logcore.common.config import ConfigError
from logcore.common.scram import MECHANISMS as SCRAM

logger = logging.getLogger(__name__)

PLAIN: Final = "PLAIN"
OAUTHBEARER: Final = "OAUTHBEARER"
_OFFERED: Final = (PLAIN, *SCRAM, OAUTHBEARER)
_USER: Final = "user_"
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
_OWN_CLASSES: Final = "sasl.login.class", "sasl.login.callback.handler.class"


@dataclass(frozen=True, slots=True)
class MechanismSettings:
    """The settings of one mechanism on one listener."""

    config: BrokerConfig
    listener: str
    mechanism: str

    def key(self, name: str) -> str:
        """Return the setting in its narrowest form."""
        return f"{listener_prefix(self.listener)}{self.mechanism.lower()}.{name}"

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - of the key's type
        own = self.key(name)
        return (
            self.config[own] if own in self.config else self.config.of_listener(self.listener, name)
        )

    def options(self, module: str, *, is_needed: bool) -> dict[str, str]:
        """Return the options of the login module.

        Raises:
            ConfigError: If it is another one, or missing though it is needed.
        """
        key = self.key("sasl.jaas.config")
        text = self.config.get(key)
        if not text:
            if is_needed:
                raise _error(key, f"{self.mechanism} on {self.listener} needs a {module} here")
            return {}
        found = jaas.parse(key, text)
        if found.short_name != module:
            raise _error(key, f"{self.mechanism} needs {module}, not {found.short_name}")
        return found.options

    def check_no_classes(self) -> None:
        """Refuse handlers of one's own, which would be Java.

        Raises:
            ConfigError: If there are any.
        """
        if self["sasl.server.callback.handler.class"]:
            problem = "logcore runs no Java, so it has no handlers of one's own"
            raise _error(self.key("sasl.server.callback.handler.class"), problem)


class MechanismMaker:
    """Makes the mechanisms of listeners.

    Args:
        credentials: Who logs in by SCRAM.
        decoy_key: Makes up salts of users that are unknown.
        scheduler: Time and timers.
        run: Runs what may block.
    """

    def __init__(
        self, credentials: Credentials, decoy_key: bytes, scheduler: Scheduler, run: jwks.Run
    ) -> None:
        self._credentials = credentials
        self._decoy_key = decoy_key
        self._scheduler = scheduler
        self._run = run
        self._key_sets: list[KeySet] = []

    def make(self, config: BrokerConfig, listener: str) -> Mechanisms:
        """Return how one logs in on a listener.

        Raises:
            ConfigError: If that is not as the settings want it.
        """
        key = "sasl.enabled.mechanisms"
        names = tuple(config.of_listener(listener, key) or ())
        unknown = [name for name in names if name not in _OFFERED]
        if unknown or not names:
            asked = ", ".join(unknown) or "nothing"
            problem = f"{listener} asks for {asked}; logcore has {', '.join(_OFFERED)}"
            raise _error(key, problem)
        return {name: self._mechanism(MechanismSettings(config, listener, name)) for name in names}

    def stop(self) -> None:
        """Keep no keys fresh any more."""
        for keys in self._key_sets:
            keys.stop()

    def _mechanism(self, settings: MechanismSettings) -> Callable[[], Any]:
        if settings.mechanism == OAUTHBEARER:
            return self._oauthbearer(settings)
        settings.check_no_classes()
        if settings.mechanism == PLAIN:
            options = settings.options("PlainLoginModule", is_needed=True)
            passwords = {
                name.removeprefix(_USER): password
                for name, password in options.items()
                if name.startswith(_USER)
            }
            return lambda: PlainExchange(passwords)
        settings.options("ScramLoginModule", is_needed=False)
        mechanism = SCRAM[settings.mechanism]
        return lambda: ScramExchange(mechanism, self._credentials, self._decoy_key)

    def _oauthbearer(self, settings: MechanismSettings) -> Callable[[], Any]:
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
            raise _error(jwks.URL_KEY, problem)
        validator = settings["sasl.oauthbearer.jwt.validator.class"]
        if validator not in _VALIDATORS:
            problem = f"logcore runs no Java, so it cannot check tokens by {validator}"
            raise _error("sasl.oauthbearer.jwt.validator.class", problem)
        jwks.check_url(jwks.URL_KEY, url)
        jws.check_installed(jwks.URL_KEY)
        keys = KeySet(_key_set_settings(settings, url), self._scheduler, self._run)
        keys.start()
        self._key_sets.append(keys)
        validate = SignedTokens(keys, _claim_rules(settings), self._scheduler.now_ms)
        return lambda: OauthBearerExchange(validate)

    def _unsecured(self, settings: MechanismSettings, options: dict[str, str]) -> Callable[[], Any]:
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


def _unsecured_rules(settings: MechanismSettings, options: dict[str, str]) -> ClaimRules:
    skew = options.get("unsecuredValidatorAllowableClockSkewMs", "").strip() or "0"
    if not skew.isdecimal():
        key = settings.key("sasl.jaas.config")
        raise _error(key, "unsecuredValidatorAllowableClockSkewMs is no number")
    return ClaimRules(
        subject_claim=options.get("unsecuredValidatorPrincipalClaimName", "").strip() or "sub",
        scope_claim=options.get("unsecuredValidatorScopeClaimName", "").strip() or "scope",
        skew_ms=int(skew),
        checks_audience=False,
        needs_issue_time=False,
        scopes=frozenset(options.get("unsecuredValidatorRequiredScope", "").split()),
    )


def _error(key: str, problem: str) -> ConfigError:
    return ConfigError(f"{key}: {problem}", key=key)
