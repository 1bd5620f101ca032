"""The keys that every client has, under Kafka's names and with Kafka's defaults.

Invariant: a key that stands here does something; what is not supported is not accepted.
Neighbours: `producer.config`, `consumer.config` and `admin.config` add theirs; `settings` reads
values.
Source: Apache Kafka 4.3.1, `CommonClientConfigs`, for names, types and defaults.
"""

from typing import Final

from logcore.common.config import (
    BOOLEAN,
    CLASS,
    DOUBLE,
    HIGH,
    INT,
    LIST,
    LONG,
    LOW,
    PASSWORD,
    SHORT,
    STRING,
    ConfigDef,
    ConfigKey,
)
from logcore.common.config_values import NATURAL, POSITIVE, OneOf, Range

SECURITY_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
DNS_LOOKUPS: Final = ("use_all_dns_ips", "resolve_canonical_bootstrap_servers_only")
RECOVERIES: Final = OneOf(("rebootstrap", "none"), ignores_case=True)
_ALGORITHMS: Final = OneOf(("ES256", "RS256"), ignores_case=True)

_REFRESH: Final = "sasl.login.refresh."
_ASSERTION: Final = "sasl.oauthbearer.assertion."
_CREDENTIALS: Final = "sasl.oauthbearer.client.credentials."

TOKEN_KEYS: Final = (
    ConfigKey("sasl.oauthbearer.token.endpoint.url", STRING, None, None),
    ConfigKey("sasl.oauthbearer.jwt.retriever.class", CLASS, None, None),
    ConfigKey(f"{_CREDENTIALS}client.id", STRING, None, None),
    ConfigKey(f"{_CREDENTIALS}client.secret", PASSWORD, None, None),
    ConfigKey("sasl.oauthbearer.scope", STRING, None, None),
    ConfigKey("sasl.oauthbearer.header.urlencode", BOOLEAN, False, None, LOW),
    ConfigKey(f"{_ASSERTION}algorithm", STRING, "RS256", _ALGORITHMS),
    ConfigKey(f"{_ASSERTION}claim.aud", STRING, None, None),
    ConfigKey(f"{_ASSERTION}claim.exp.seconds", INT, 300, Range(0, 86_400), LOW),
    ConfigKey(f"{_ASSERTION}claim.iss", STRING, None, None),
    ConfigKey(f"{_ASSERTION}claim.jti.include", BOOLEAN, False, None),
    ConfigKey(f"{_ASSERTION}claim.nbf.seconds", INT, 60, Range(0, 3600), LOW),
    ConfigKey(f"{_ASSERTION}claim.sub", STRING, None, None),
    ConfigKey(f"{_ASSERTION}file", STRING, None, None),
    ConfigKey(f"{_ASSERTION}private.key.file", STRING, None, None),
    ConfigKey(f"{_ASSERTION}private.key.passphrase", PASSWORD, None, None),
    ConfigKey(f"{_ASSERTION}template.file", STRING, None, None),
    ConfigKey("sasl.login.connect.timeout.ms", INT, 10_000, POSITIVE, LOW),
    ConfigKey("sasl.login.read.timeout.ms", INT, 10_000, POSITIVE, LOW),
    ConfigKey("sasl.login.retry.backoff.ms", LONG, 100, NATURAL, LOW),
    ConfigKey("sasl.login.retry.backoff.max.ms", LONG, 10_000, NATURAL, LOW),
    ConfigKey(f"{_REFRESH}window.factor", DOUBLE, 0.8, Range(0.5, 1.0), LOW),
    ConfigKey(f"{_REFRESH}window.jitter", DOUBLE, 0.05, Range(0.0, 0.25), LOW),
    ConfigKey(f"{_REFRESH}min.period.seconds", SHORT, 60, Range(0, 900), LOW),
    ConfigKey(f"{_REFRESH}buffer.seconds", SHORT, 300, Range(0, 3600), LOW),
)
"""What OAUTHBEARER needs."""

SECURITY_KEYS: Final = (
    ConfigKey("security.protocol", STRING, "PLAINTEXT", OneOf(SECURITY_PROTOCOLS)),
    ConfigKey("ssl.truststore.location", STRING, None, None, HIGH),
    ConfigKey("ssl.truststore.certificates", PASSWORD, None, None, HIGH),
    ConfigKey("ssl.keystore.location", STRING, None, None, HIGH),
    ConfigKey("ssl.keystore.certificate.chain", PASSWORD, None, None, HIGH),
    ConfigKey("ssl.keystore.key", PASSWORD, None, None, HIGH),
    ConfigKey("ssl.key.password", PASSWORD, None, None, HIGH),
    ConfigKey("ssl.endpoint.identification.algorithm", STRING, "https", None, LOW),
    ConfigKey("sasl.mechanism", STRING, "PLAIN", None),
    ConfigKey("sasl.username", STRING, None, None),
    ConfigKey("sasl.password", PASSWORD, None, None),
    ConfigKey("sasl.jaas.config", PASSWORD, None, None),
    *TOKEN_KEYS,
)

CLIENT_KEYS: Final = (
    ConfigKey("bootstrap.servers", LIST, ("localhost:9092",), None, HIGH),
    ConfigKey("client.id", STRING, "", None),
    ConfigKey("client.dns.lookup", STRING, "use_all_dns_ips", OneOf(DNS_LOOKUPS)),
    ConfigKey("metadata.max.age.ms", LONG, 300_000, NATURAL, LOW),
    ConfigKey("metadata.recovery.strategy", STRING, "rebootstrap", RECOVERIES, LOW),
    ConfigKey("metadata.recovery.rebootstrap.trigger.ms", LONG, 300_000, NATURAL, LOW),
    ConfigKey("reconnect.backoff.ms", LONG, 50, NATURAL, LOW),
    ConfigKey("reconnect.backoff.max.ms", LONG, 1000, NATURAL, LOW),
    ConfigKey("retry.backoff.ms", LONG, 100, NATURAL, LOW),
    ConfigKey("retry.backoff.max.ms", LONG, 1000, NATURAL, LOW),
    ConfigKey("request.timeout.ms", INT, 30_000, NATURAL),
    ConfigKey("default.api.timeout.ms", INT, 60_000, NATURAL),
    ConfigKey("connections.max.idle.ms", LONG, 540_000, None),
    ConfigKey("socket.connection.setup.timeout.ms", LONG, 10_000, NATURAL),
    ConfigKey("socket.connection.setup.timeout.max.ms", LONG, 30_000, NATURAL),
    ConfigKey("send.buffer.bytes", INT, -1, Range(-1)),
    ConfigKey("receive.buffer.bytes", INT, -1, Range(-1)),
    ConfigKey("enable.metrics.push", BOOLEAN, True, None, LOW),
    ConfigKey("metrics.num.samples", INT, 2, POSITIVE, LOW),
    ConfigKey("metrics.sample.window.ms", LONG, 30_000, NATURAL, LOW),
    *SECURITY_KEYS,
)
"""Those of a bare client."""

CLIENT_CONFIG: Final = ConfigDef("client", CLIENT_KEYS)
