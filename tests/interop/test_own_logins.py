"""Our own clients log in by passwords and certificates, and are told when they may not.

Neighbours: `test_own_tokens` logs in by bearer tokens, at Apache Kafka too.
"""

from typing import Any

import pytest

from logcore.common.config import ConfigError
from logcore.common.errors import ClientTimeoutError, SaslAuthenticationFailedError
from logcore.consumer.consumer import Consumer
from logcore.producer.producer import Producer
from tests.interop.secured import PASSWORD, USER, Secured, secured_broker

SASL = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory):
    with secured_broker(tmp_path_factory.mktemp("secured")) as running:
        yield running


def settings(secured: Secured, listener: str, **more: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "bootstrap.servers": secured.bootstrap(listener),
        "security.protocol": listener,
    }
    if listener.endswith("SSL"):
        told |= {
            "ssl.truststore.location": str(secured.authority.trusted),
            "ssl.keystore.location": str(secured.authority.store("alice")),
        }
    return told | {name.replace("_", "."): value for name, value in more.items()}


def way(listener: str, mechanism: str) -> dict[str, str]:
    if not listener.startswith("SASL"):
        return {}
    return {"sasl_mechanism": mechanism, "sasl_username": USER, "sasl_password": PASSWORD}


@pytest.mark.parametrize(
    ("listener", "mechanism"),
    [("SSL", "-")] + [(each, name) for each in ("SASL_PLAINTEXT", "SASL_SSL") for name in SASL],
)
def test_a_record_goes_there_and_back(secured, listener, mechanism):
    told = settings(secured, listener, **way(listener, mechanism))
    topic = f"{listener}-{mechanism}"
    with Producer(told) as producer:
        assert producer.send_many(topic, [b"x" * 1000] * 3000).result(30) == 3000
    with Consumer(config={**told, "auto.offset.reset": "earliest"}) as consumer:
        consumer.assign([(topic, number) for number in consumer.partitions_for(topic)])
        assert sum(map(len, consumer.batches(timeout=2))) == 3000


@pytest.mark.parametrize("mechanism", SASL)
def test_a_wrong_password_is_told_at_once(secured, mechanism):
    told = settings(secured, "SASL_PLAINTEXT", **way("SASL_PLAINTEXT", mechanism))
    with (
        Producer({**told, "sasl.password": "wrong"}) as producer,
        pytest.raises(SaslAuthenticationFailedError) as caught,
    ):
        producer.send("topic", b"x")
    assert "wrong" not in str(caught.value)


def test_a_mechanism_that_there_is_not_says_which_there_are(secured):
    told = settings(secured, "SASL_PLAINTEXT", **way("SASL_PLAINTEXT", "PLAIN"))
    with pytest.raises(ConfigError, match="SCRAM-SHA-256"):
        Producer({**told, "sasl.mechanism": "GSSAPI"})


def test_a_certificate_that_nobody_trusts_is_told(secured):
    told = {"bootstrap.servers": secured.bootstrap("SSL"), "security.protocol": "SSL"}
    with (
        Producer({**told, "max.block.ms": 500}) as producer,
        pytest.raises(ClientTimeoutError, match="its certificate is not trusted"),
    ):
        producer.send("topic", b"x")


@pytest.mark.parametrize("group", [None, "readers"])
def test_a_consumer_with_a_wrong_password_is_told_when_it_polls(secured, group):
    told = settings(secured, "SASL_PLAINTEXT", **way("SASL_PLAINTEXT", "PLAIN"))
    told |= {"sasl.password": "wrong", "auto.offset.reset": "earliest"}
    told |= {} if group is None else {"group.id": group}
    with Consumer(config=told) as consumer:
        if group is None:
            consumer.assign([("topic", 0)])
        else:
            consumer.subscribe("topic")
        with pytest.raises(SaslAuthenticationFailedError):
            list(consumer.records(timeout=10))
