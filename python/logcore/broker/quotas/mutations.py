"""The quota of changes: how many partitions a client may create and delete per second (KIP-599).

Invariant: a new version of a request is strict: what comes while the bucket is overdrawn is
refused, topic by topic, with THROTTLING_QUOTA_EXCEEDED. An old version has no place for that, so it
is served, overdraws, and waits.
Neighbours: the handlers of CreateTopics, DeleteTopics and CreatePartitions open a `Charge` each;
the controller's decisions charge what passed every other check.
Source: Apache Kafka 4.3.1, `ControllerMutationQuotaManager`.
"""

from collections.abc import Iterator

from logcore.broker.quotas.accounts import Accounts
from logcore.broker.quotas.limits import AccountKey, Limits
from logcore.common.clock import Clock
from logcore.common.errors import ThrottlingQuotaExceededError
from logcore.common.rates import TokenBucket, Window


class Charge:
    """What one request is charged.

    Args:
        bucket: Whose tokens; None for one without a limit.
        clock: What time it is.
        is_strict: Whether it is refused what is not there.
    """

    __slots__ = ("_bucket", "_clock", "_is_strict", "is_exceeded")

    def __init__(self, bucket: TokenBucket | None, clock: Clock, *, is_strict: bool) -> None:
        self._bucket = bucket
        self._clock = clock
        self._is_strict = is_strict
        self.is_exceeded = False

    def __call__(self, partition_count: int) -> None:
        """Charge for partitions that are created or deleted.

        Raises:
            ThrottlingQuotaExceededError: If it is strict, and there are no tokens.
        """
        bucket = self._bucket
        if bucket is None:
            return
        now_ms = self._clock.monotonic_ms()
        if self._is_strict:
            if bucket.wait_ms(now_ms):
                self.is_exceeded = True
                raise ThrottlingQuotaExceededError("The throttling quota has been exceeded.")
            bucket.take(partition_count, now_ms)
            return
        bucket.take(partition_count, now_ms)
        self.is_exceeded = self.is_exceeded or bool(bucket.wait_ms(now_ms))

    @property
    def wait_ms(self) -> int:
        """How long the client has to wait."""
        if self._bucket is None or not self.is_exceeded:
            return 0
        return self._bucket.wait_ms(self._clock.monotonic_ms())


class MutationQuota:
    """The quota of changes, for all clients.

    Args:
        limits: What holds for whom.
        window: How much a bucket holds.
        clock: What time it is.
    """

    name = "controller_mutation"

    def __init__(self, limits: Limits, window: Window, clock: Clock) -> None:
        self._clock = clock
        self._accounts = Accounts(
            limits,
            lambda value: TokenBucket(value, window, clock.monotonic_ms()),
            lambda bucket, value: setattr(bucket, "rate", value),
        )

    def change(self, limits: Limits) -> None:
        """Go by other limits from now on."""
        self._accounts.change(limits)

    def charge_of(self, user: str, client_id: str, *, is_strict: bool) -> Charge:
        """Return what a request of a client is charged with."""
        found = self._accounts.of(user, client_id)
        return Charge(None if found is None else found[1], self._clock, is_strict=is_strict)

    def tokens(self) -> Iterator[tuple[AccountKey, float]]:
        """Yield the tokens that each account has left."""
        now_ms = self._clock.monotonic_ms()
        for key, bucket in self._accounts:
            yield key, bucket.tokens(now_ms)
