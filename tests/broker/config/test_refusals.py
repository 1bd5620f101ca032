"""What must not be ignored is refused."""

import pytest

from logcore.broker.config.broker_config import BrokerConfig
from logcore.common.config import ConfigError

AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"

REFUSED = [
    ("authorizer.class.name", "org.X", "logcore runs no Java"),
    ("authorizer.class.name", "kafka.security.authorizer.AclAuthorizer", AUTHORIZER),
    ("create.topic.policy.class.name", "org.X", "no Java"),
    ("principal.builder.class", "org.X", "no Java"),
    ("config.providers", "file", "write them out"),
    ("remote.log.storage.system.enable", "true", "no remote storage"),
    ("process.roles", "broker", "broker and controller at once"),
    ("controller.quorum.voters", "1@a:1,2@b:1", "single node"),
    ("controller.quorum.voters", "7@a:1", "must be this node"),
    ("controller.quorum.bootstrap.servers", "a:1,b:1", "single node"),
    ("inter.broker.listener.name", "NOBODY", "not among listeners"),
]


@pytest.mark.parametrize(("key", "value", "reason"), REFUSED)
def test_refused(key, value, reason):
    with pytest.raises(ConfigError, match=reason) as caught:
        BrokerConfig({key: value})
    assert caught.value.key == key
    assert key in str(caught.value)


def test_what_says_no_more_than_the_default_is_accepted():
    builder = "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder"
    BrokerConfig(
        {
            "authorizer.class.name": AUTHORIZER,
            "super.users": "User:a;User:CN=b",
            "principal.builder.class": builder,
            "config.providers": "",
            "controller.quorum.voters": "1@localhost:9093",
            "process.roles": "controller,broker",
        }
    )


def test_super_users_are_principals():
    with pytest.raises(ConfigError, match="bob is no principal") as caught:
        BrokerConfig({"super.users": "User:alice;bob"})
    assert caught.value.key == "super.users"


def test_brokers_find_each_other_by_one_setting():
    name, protocol = "inter.broker.listener.name", "security.inter.broker.protocol"
    BrokerConfig({name: "PLAINTEXT"})
    BrokerConfig({protocol: "SASL_SSL"})
    with pytest.raises(ConfigError, match="not both"):
        BrokerConfig({name: "PLAINTEXT", protocol: "PLAINTEXT"})
