"""Settings: Kafka's defaults, and what is given."""

from logcore.broker.config.broker_config import BrokerConfig
from logcore.coordinator.transaction.settings import TransactionSettings


def test_defaults_are_those_of_the_configuration():
    assert TransactionSettings.of(BrokerConfig({})) == TransactionSettings()


def test_what_is_given_counts():
    settings = TransactionSettings.of({"transactional.id.expiration.ms": 5})
    assert settings.transactional_id_expiration_ms == 5
    assert settings.transaction_max_timeout_ms == 900_000
