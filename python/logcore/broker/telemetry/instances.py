"""One client instance: what it was told to push, and whether it keeps to that.

Invariant: pure; who asks brings the time. A client that pushes sooner than it was told is refused,
except for the push that follows upon asking, since its first interval is shortened at random.
Neighbours: `telemetry` keeps these.
Source: Apache Kafka 4.3.1, `ClientMetricsInstance` and `ClientMetricsManager`.
"""

from typing import Final

from logcore.broker.telemetry.subscriptions import ClientFacts, Wanted
from logcore.common.errors import (
    InvalidRequestError,
    KafkaError,
    TelemetryTooLargeError,
    ThrottlingQuotaExceededError,
    UnknownSubscriptionIdError,
    UnsupportedCompressionTypeError,
)
from logcore.record.compression import CODECS

_LONG_AGO_MS: Final = -(2**62)
_ASK_AGAIN: Final = frozenset({UnknownSubscriptionIdError, UnsupportedCompressionTypeError})
"""Errors by which a client is told to ask again, which it then may at once."""


class ClientInstance:
    """One client instance.

    Args:
        instance_id: Its id, 16 bytes.
        facts: What is known of it.
        wanted: What it is to push.
        version: The state of the subscriptions that this follows from.

    Attributes:
        instance_id: Its id.
        facts: What is known of it.
        wanted: What it is to push.
        version: The state of the subscriptions that this follows from.
        subscription_id: The number of `wanted`.
        used_ms: When it was last heard of, on the monotonic clock.
    """

    __slots__ = (
        "_asked_ms",
        "_error",
        "_has_asked",
        "_is_terminating",
        "_pushed_ms",
        "facts",
        "instance_id",
        "subscription_id",
        "used_ms",
        "version",
        "wanted",
    )

    def __init__(
        self, instance_id: bytes, facts: ClientFacts, wanted: Wanted, version: int
    ) -> None:
        self.instance_id = instance_id
        self.facts = facts
        self.wanted = wanted
        self.version = version
        self.subscription_id = wanted.subscription_id(instance_id)
        self.used_ms = 0
        self._asked_ms = _LONG_AGO_MS
        self._pushed_ms = _LONG_AGO_MS
        self._has_asked = False  # since it last pushed
        self._error: type[KafkaError] | None = None
        self._is_terminating = False

    def ask(self, now_ms: int) -> None:
        """Accept a question for the subscription.

        Raises:
            ThrottlingQuotaExceededError: If it comes too soon.
        """
        since_ms = now_ms - max(self._asked_ms, self._pushed_ms)
        if since_ms < self.wanted.interval_ms and self._error not in _ASK_AGAIN:
            raise _too_soon(self.wanted.interval_ms)
        self._asked_ms = now_ms
        self._has_asked = True
        self._error = None

    def push(
        self, subscription_id: int, codec_id: int, now_ms: int, *, is_last: bool = False
    ) -> None:
        """Accept metrics.

        Raises:
            KafkaError: If it must not push now, or not so.
        """
        try:
            self._check(subscription_id, codec_id, now_ms, is_last=is_last)
        except KafkaError as error:
            self._error = type(error)
            raise
        finally:
            self._is_terminating = is_last
        self._error = None

    def refuse(self, error: KafkaError) -> None:
        """Remember that what it pushed was no good."""
        self._error = type(error)

    def _check(self, subscription_id: int, codec_id: int, now_ms: int, *, is_last: bool) -> None:
        if self._is_terminating:
            raise InvalidRequestError("the client said before that it pushes for the last time")
        if self._has_asked or now_ms - self._pushed_ms >= self.wanted.interval_ms:
            self._has_asked = False
            self._pushed_ms = now_ms
        elif not is_last:
            raise _too_soon(self.wanted.interval_ms)
        if subscription_id != self.subscription_id:
            raise UnknownSubscriptionIdError(
                f"the subscription is {self.subscription_id} by now, not {subscription_id}"
            )
        if codec_id not in CODECS:
            raise UnsupportedCompressionTypeError(f"there is no codec {codec_id}")


def too_large(size_bytes: int, limit_bytes: int) -> TelemetryTooLargeError:
    """Return the error of a push that is too large."""
    return TelemetryTooLargeError(f"{size_bytes} bytes; telemetry.max.bytes allows {limit_bytes}")


def _too_soon(interval_ms: int) -> ThrottlingQuotaExceededError:
    return ThrottlingQuotaExceededError(f"sooner than the interval of {interval_ms} ms is over")
