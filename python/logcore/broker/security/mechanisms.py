"""How one logs in on a listener, as its settings say: each mechanism with its users and keys.

Invariant: what comes out lets nobody in whom the settings do not; a mechanism that cannot be served
as they want it stops the start with a sentence that says why.
Neighbours: `plain`, `scram`, `token_logins` are what is begun; `logins` asks for these.
Source: Apache Kafka 4.3.1, `SaslChannelBuilder`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.security.exchange import Mechanisms
from logcore.broker.security.mechanism_settings import MechanismSettings, config_error
from logcore.broker.security.plain import PlainExchange
from logcore.broker.security.scram import Credentials, ScramExchange
from logcore.common.clock import Scheduler
from logcore.common.scram import MECHANISMS as SCRAM

if TYPE_CHECKING:
    from logcore.broker.security import jwks
    from logcore.broker.security.token_logins import TokenLogins

PLAIN: Final = "PLAIN"
OAUTHBEARER: Final = "OAUTHBEARER"
_OFFERED: Final = (PLAIN, *SCRAM, OAUTHBEARER)
_USER: Final = "user_"


class MechanismMaker:
    """Makes the mechanisms of listeners.

    Args:
        credentials: Who logs in by SCRAM.
        decoy_key: Makes up salts of users that are unknown.
        scheduler: Time and timers.
        run: Runs what may block.
    """

    def __init__(
        self, credentials: Credentials, decoy_key: bytes, scheduler: Scheduler, run: "jwks.Run"
    ) -> None:
        self._credentials = credentials
        self._decoy_key = decoy_key
        self._scheduler = scheduler
        self._run = run
        self._tokens: TokenLogins | None = None

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
            raise config_error(key, problem)
        return {name: self._mechanism(MechanismSettings(config, listener, name)) for name in names}

    def stop(self) -> None:
        """Keep no keys fresh any more."""
        if self._tokens is not None:
            self._tokens.stop()

    def _mechanism(self, settings: MechanismSettings) -> Callable[[], Any]:
        if settings.mechanism == OAUTHBEARER:
            return self._token_logins().make(settings)
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

    def _token_logins(self) -> "TokenLogins":
        """Return what makes logins by tokens; imported for those who have them."""
        if self._tokens is None:
            from logcore.broker.security.token_logins import TokenLogins  # noqa: PLC0415

            self._tokens = TokenLogins(self._scheduler, self._run)
        return self._tokens
