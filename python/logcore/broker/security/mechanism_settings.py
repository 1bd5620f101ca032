"""The settings of one mechanism on one listener, the narrowest first.

A setting of one mechanism on one listener, ``listener.name.<listener>.<mechanism>.<key>``, goes
before the listener's, and that before everybody's; ``sasl.jaas.config`` counts only in the first
form, as in Apache Kafka.
Invariant: what is read is of its key's type, or an error that names the key.
Neighbours: `mechanisms` and `token_logins` make logins of these; `common.jaas` reads one of them.
Source: Apache Kafka 4.3.1, `JaasContext`.
"""

from dataclasses import dataclass
from typing import Any

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.given_keys import listener_prefix
from logcore.common import jaas
from logcore.common.config import ConfigError


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
                raise config_error(
                    key, f"{self.mechanism} on {self.listener} needs a {module} here"
                )
            return {}
        found = jaas.parse(key, text)
        if found.short_name != module:
            raise config_error(key, f"{self.mechanism} needs {module}, not {found.short_name}")
        return found.options

    def check_no_classes(self) -> None:
        """Refuse handlers of one's own, which would be Java.

        Raises:
            ConfigError: If there are any.
        """
        if self["sasl.server.callback.handler.class"]:
            problem = "logcore runs no Java, so it has no handlers of one's own"
            raise config_error(self.key("sasl.server.callback.handler.class"), problem)


def config_error(key: str, problem: str) -> ConfigError:
    """Return the error of a setting."""
    return ConfigError(f"{key}: {problem}", key=key)
