"""Keys of the broker: TLS.

Invariant: names, types, defaults, ranges and importance are Apache Kafka 4.3.1's.
Neighbours: `broker_keys` joins the tables; `docs.txt` says what each key means.
"""

from typing import Final

from logcore.common.config import BOOLEAN, CLASS, LIST, LOW, PASSWORD, PER_BROKER, STRING, ConfigKey
from logcore.common.config_values import ANY_LIST, OneOf

SSL: Final = (
    ConfigKey("ssl.allow.dn.changes", BOOLEAN, False, importance=LOW),
    ConfigKey("ssl.allow.san.changes", BOOLEAN, False, importance=LOW),
    ConfigKey("ssl.cipher.suites", LIST, (), ANY_LIST, update=PER_BROKER),
    ConfigKey(
        "ssl.client.auth",
        STRING,
        "none",
        OneOf(("required", "requested", "none")),
        update=PER_BROKER,
    ),
    ConfigKey("ssl.enabled.protocols", LIST, ("TLSv1.2", "TLSv1.3"), ANY_LIST, update=PER_BROKER),
    ConfigKey(
        "ssl.endpoint.identification.algorithm", STRING, "https", importance=LOW, update=PER_BROKER
    ),
    ConfigKey("ssl.engine.factory.class", CLASS, None, importance=LOW, update=PER_BROKER),
    ConfigKey("ssl.key.password", PASSWORD, None, update=PER_BROKER),
    ConfigKey("ssl.keymanager.algorithm", STRING, "SunX509", update=PER_BROKER),
    ConfigKey("ssl.keystore.certificate.chain", PASSWORD, None, update=PER_BROKER),
    ConfigKey("ssl.keystore.key", PASSWORD, None, update=PER_BROKER),
    ConfigKey("ssl.keystore.location", STRING, None, update=PER_BROKER),
    ConfigKey("ssl.keystore.password", PASSWORD, None, update=PER_BROKER),
    ConfigKey("ssl.keystore.type", STRING, "JKS", update=PER_BROKER),
    ConfigKey("ssl.principal.mapping.rules", STRING, "DEFAULT", importance=LOW),
    ConfigKey("ssl.protocol", STRING, "TLSv1.3", update=PER_BROKER),
    ConfigKey("ssl.provider", STRING, None, update=PER_BROKER),
    ConfigKey("ssl.secure.random.implementation", STRING, None, importance=LOW, update=PER_BROKER),
    ConfigKey("ssl.trustmanager.algorithm", STRING, "PKIX", update=PER_BROKER),
    ConfigKey("ssl.truststore.certificates", PASSWORD, None, update=PER_BROKER),
    ConfigKey("ssl.truststore.location", STRING, None, update=PER_BROKER),
    ConfigKey("ssl.truststore.password", PASSWORD, None, update=PER_BROKER),
    ConfigKey("ssl.truststore.type", STRING, "JKS", update=PER_BROKER),
)
