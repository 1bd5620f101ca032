"""From a client's settings to its source of tokens.

A function of the program goes before everything else; then the endpoint's URL says: ``file:`` is a
file, and ``http:`` or ``https:`` an identity provider, which is asked by the client's credentials,
or by an assertion where that retriever is named.
Invariant: settings that can never give a token are refused before anything is opened.
Neighbours: `client.logins` asks; `provider`, `file` and `endpoint` are the sources.
Source: Apache Kafka 4.3.1, `DefaultJwtRetriever`.
"""

import logging
import random
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from logcore.client.backoff import Backoff
from logcore.client.oauth.file import from_file
from logcore.client.oauth.login import Source, TokenLogin
from logcore.client.oauth.provider import provided
from logcore.client.oauth.refreshing import RefreshRules
from logcore.client.oauth.token import BearerToken
from logcore.client.settings import Settings
from logcore.common.config import ConfigError

if TYPE_CHECKING:
    from logcore.client.oauth.http import Limits

logger = logging.getLogger(__name__)

RETRIEVER: Final = "sasl.oauthbearer.jwt.retriever.class"
ENDPOINT: Final = "sasl.oauthbearer.token.endpoint.url"
CLIENT_ID: Final = "sasl.oauthbearer.client.credentials.client.id"
CLIENT_SECRET: Final = "sasl.oauthbearer.client.credentials.client.secret"  # noqa: S105 - a key
JAVA: Final = "org.apache.kafka.common.security.oauthbearer."
BY_ASSERTION: Final = f"{JAVA}JwtBearerJwtRetriever"
KNOWN: Final = (
    f"{JAVA}DefaultJwtRetriever",
    f"{JAVA}ClientCredentialsJwtRetriever",
    f"{JAVA}FileJwtRetriever",
    BY_ASSERTION,
)
_EXTENSION: Final = "extension_"
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


def token_login(
    settings: Settings, options: Mapping[str, str], chance: random.Random
) -> TokenLogin:
    """Make the login of a client by tokens.

    Args:
        settings: The client's settings.
        options: Those of ``sasl.jaas.config``, where Kafka's older releases kept some of them.
        chance: Where jitter comes from.

    Raises:
        ConfigError: If they say of no source of tokens, or of an impossible one.
    """
    extensions = {
        name.removeprefix(_EXTENSION): value
        for name, value in options.items()
        if name.startswith(_EXTENSION)
    }
    try:
        BearerToken("x", 0, extensions)
    except ValueError as error:
        raise ConfigError(f"sasl.jaas.config: {error}", key="sasl.jaas.config") from None
    source, is_asked_always = _source(settings, options, extensions)
    backoff = Backoff(
        settings.integer("sasl.login.retry.backoff.ms"),
        settings.integer("sasl.login.retry.backoff.max.ms"),
        chance,
    )
    return TokenLogin(source, None if is_asked_always else _rules(settings), backoff, chance)


def _source(
    settings: Settings, options: Mapping[str, str], extensions: Mapping[str, str]
) -> tuple[Source, bool]:
    """Return a source of tokens, and whether it is to be asked for every login."""
    function = settings.function(RETRIEVER, KNOWN)
    if function is not None:
        return provided(function, extensions), False
    url = settings.optional(ENDPOINT)
    if not url:
        raise ConfigError(
            f"OAUTHBEARER needs tokens: {ENDPOINT} is where they are (a file: or https: URL), or "
            f"{RETRIEVER} a function that returns them",
            key=ENDPOINT,
        )
    parts = urlsplit(url)
    if parts.scheme == "file":
        return from_file(Path(unquote(parts.path)), extensions), True
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{ENDPOINT}: {url} is no URL of file:, https: or http:", key=ENDPOINT)
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        logger.warning("%s: secrets go to %s unencrypted", ENDPOINT, parts.hostname)
    return _from_endpoint(settings, options, extensions, url), False


def _from_endpoint(
    settings: Settings, options: Mapping[str, str], extensions: Mapping[str, str], url: str
) -> Source:
    from logcore.client.oauth import endpoint, grants  # noqa: PLC0415 - HTTP, where it is used

    scope = settings.optional("sasl.oauthbearer.scope") or options.get("scope")
    if settings.optional(RETRIEVER) == BY_ASSERTION:
        from logcore.client.oauth.assertion import assertion_of  # noqa: PLC0415 - where it is used

        by_assertion = grants.JwtBearer(url, assertion_of(settings), scope)
        return endpoint.from_endpoint(by_assertion, _limits(settings), extensions)
    client_id = settings.optional(CLIENT_ID) or options.get("clientId")
    secret = settings.optional(CLIENT_SECRET) or options.get("clientSecret")
    if not client_id or not secret:
        key = CLIENT_SECRET if client_id else CLIENT_ID
        raise ConfigError(f"{key}: {ENDPOINT} needs the client's id and secret", key=key)
    is_encoded = settings.flag("sasl.oauthbearer.header.urlencode")
    grant = grants.ClientCredentials(url, client_id, secret, scope, is_encoded)
    return endpoint.from_endpoint(grant, _limits(settings), extensions, secret)


def _limits(settings: Settings) -> "Limits":
    from logcore.client.oauth.http import Limits  # noqa: PLC0415 - where it is used
    from logcore.client.tls import provider_context  # noqa: PLC0415

    return Limits(
        settings.integer("sasl.login.connect.timeout.ms") / 1000,
        settings.integer("sasl.login.read.timeout.ms") / 1000,
        provider_context(settings),
    )


def _rules(settings: Settings) -> RefreshRules:
    prefix = "sasl.login.refresh."
    return RefreshRules(
        settings.number(f"{prefix}window.factor"),
        settings.number(f"{prefix}window.jitter"),
        settings.integer(f"{prefix}min.period.seconds"),
        settings.integer(f"{prefix}buffer.seconds"),
    )
