"""The public keys of whoever signs bearer tokens, from a file or a URL, kept fresh.

Invariant: reading happens off the loop's thread but for the first time, before anybody is served;
a reading that fails leaves the keys that there were, is logged, and is tried again, each time after
twice as long. A token that names an unknown key has them read anew, but not more often than once in
a while, or anybody could have us ask all the time.
Neighbours: `jws` reads and uses keys; `broker.lanes` lends the thread.
Source: Apache Kafka 4.3.1, `RefreshingHttpsJwks`, for what each setting means.
"""

import logging
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from logcore.broker.security.exchange import Login
from logcore.broker.security.jws import PublicKey, UnknownKeyError, read_keys, verify
from logcore.broker.security.jwt import ClaimRules, take_apart
from logcore.common.clock import Scheduler, Timer
from logcore.common.config import ConfigError
from logcore.common.deferred import Deferred

logger = logging.getLogger(__name__)

URL_KEY: Final = "sasl.oauthbearer.jwks.endpoint.url"
_BYTES_MAX: Final = 1 << 20
_SECONDS_MAX: Final = 10.0
_UNKNOWN_KEY_MS: Final = 60_000

Run = Callable[[Callable[[], bytes]], Deferred[bytes]]
"""Runs what may block somewhere else."""


@dataclass(frozen=True, slots=True)
class KeySetSettings:
    """Where keys are read, and how often.

    Attributes:
        url: Where; ``file:`` or ``https:`` or ``http:``.
        refresh_ms: How long keys are good.
        retry_ms: How long to wait after a failure.
        retry_max_ms: And at most, after many.
    """

    url: str
    refresh_ms: int = 3_600_000
    retry_ms: int = 100
    retry_max_ms: int = 10_000


class KeySet:
    """Keys that are kept fresh.

    Args:
        settings: Where they are read.
        scheduler: Tells when.
        run: Runs what may block.
    """

    def __init__(self, settings: KeySetSettings, scheduler: Scheduler, run: Run) -> None:
        self.keys: list[PublicKey] = []
        self._settings = settings
        self._scheduler = scheduler
        self._run = run
        self._failures = 0
        self._is_reading = False
        self._sought_ms: int | None = None
        self._timer: Timer | None = None

    def start(self) -> None:
        """Read the keys a first time, and keep them fresh from now on.

        Raises:
            ConfigError: If they are in a file that cannot be read.
        """
        try:
            self._take(read(self._settings.url))
        except (OSError, ValueError, HTTPException) as error:
            if urlsplit(self._settings.url).scheme == "file":
                message = f"{URL_KEY}: no keys in {self._settings.url}: {error}"
                raise ConfigError(message, key=URL_KEY) from error
            self._failed(error)
        else:
            self._later(self._settings.refresh_ms)

    def stop(self) -> None:
        """Read them no more."""
        if self._timer is not None:
            self._timer.cancel()

    def seek(self) -> None:
        """Read them anew because somebody named a key that is not there, unless that just was."""
        now_ms = self._scheduler.monotonic_ms()
        if self._sought_ms is None or now_ms - self._sought_ms >= _UNKNOWN_KEY_MS:
            self._sought_ms = now_ms
            self._refresh()

    def _refresh(self) -> None:
        if not self._is_reading:
            self._is_reading = True
            self._run(lambda: read(self._settings.url)).then(self._refreshed)

    def _refreshed(self, done: Deferred[bytes]) -> None:
        self._is_reading = False
        try:
            self._take(done.value())
        except Exception as error:  # noqa: BLE001 - whatever it is, the old keys stay
            self._failed(error)
        else:
            self._later(self._settings.refresh_ms)

    def _take(self, data: bytes) -> None:
        self.keys = read_keys(data)
        self._failures = 0
        if not self.keys:
            logger.warning(
                "%s has no key that signatures could be checked with", self._settings.url
            )

    def _failed(self, error: Exception) -> None:
        logger.error("the keys of %s could not be read: %s", self._settings.url, error)
        delay_ms = self._settings.retry_ms << min(self._failures, 30)
        self._failures += 1
        self._later(min(delay_ms, self._settings.retry_max_ms))

    def _later(self, delay_ms: int) -> None:
        self.stop()
        self._timer = self._scheduler.call_later(delay_ms, self._refresh)


@dataclass(frozen=True, slots=True)
class SignedTokens:
    """Logs in whom tokens name that are signed with a known key.

    Attributes:
        keys: The keys.
        rules: What tokens must claim.
        now_ms: Tells the time.
    """

    keys: KeySet
    rules: ClaimRules
    now_ms: Callable[[], int]

    def __call__(self, token: str) -> Login:
        """Return whom a token names.

        Raises:
            TokenRefusedError: If it is not good.
        """
        unverified = take_apart(token)
        try:
            verify(unverified, self.keys.keys)
        except UnknownKeyError:
            self.keys.seek()
            raise
        return self.rules.login(unverified.claims, self.now_ms())


def read(url: str) -> bytes:
    """Read what is at a URL, or in a file.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is too large.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        data = Path(unquote(parts.path)).read_bytes()
    else:
        with _opener().open(url, timeout=_SECONDS_MAX) as answer:
            data = answer.read(_BYTES_MAX + 1)
    if len(data) > _BYTES_MAX:
        raise ValueError(f"it has more than {_BYTES_MAX} bytes")
    return data


def _opener() -> Any:  # noqa: ANN401 - urllib's own
    """Open HTTP and HTTPS only, wherever we are sent on to."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def check_url(key: str, url: str) -> None:
    """Check that keys can be read from where a setting says.

    Raises:
        ConfigError: If not.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("file", "http", "https") or not (parts.netloc or parts.path):
        raise ConfigError(f"{key}: {url} is no URL of file:, https: or http:", key=key)
