"""What is written and counted of each login.

Invariant: one line for each refusal, on the logger ``logcore.audit``, as long as they are not too
many; what a client says of itself is quoted, so that it cannot make a line of its own. No line has
a password or a token in it.
Neighbours: `session` reports logins; the authorizer writes what it denies to the same logger.
"""

from logcore.broker.authorization.audit import Audit, audit_logger, quoted
from logcore.common.clock import Scheduler
from logcore.common.metrics import Metrics


class LoginAudit:
    """Writes and counts the logins of all listeners.

    Args:
        metrics: Where they are counted.
        scheduler: Time, by which lines are too many.
    """

    def __init__(self, metrics: Metrics, scheduler: Scheduler) -> None:
        self._lines = Audit(scheduler)
        self._logins = metrics.counter(
            "logcore_logins_total",
            "Logins, by listener, mechanism and what became of them",
            labels=("listener", "mechanism", "outcome"),
        )
        self._expired = metrics.counter(
            "logcore_logins_expired_total",
            "Connections closed because their login was over",
            labels=("listener",),
        )

    def succeeded(self, listener: str, mechanism: str, *, again: bool = False) -> None:
        """Count a login, the first of a connection or a later one."""
        self._logins.increment(listener, mechanism, "renewed" if again else "success")

    def expired(self, listener: str) -> None:
        """Count a connection that went on without logging in again."""
        self._expired.increment(listener)

    def failed(self, listener: str, mechanism: str, peer: str, claimed: str, reason: str) -> None:
        """Count and write down a login that failed.

        Args:
            listener: Where.
            mechanism: How; empty if it did not come to that.
            peer: From where.
            claimed: Who the client said it is.
            reason: Why, in our own words.
        """
        mechanism = mechanism or "none"
        self._logins.increment(listener, mechanism, "failure")
        if self._lines.takes_refusal():
            audit_logger.warning(
                "login refused peer=%s listener=%s mechanism=%s user=%s reason=%s",
                quoted(peer),
                quoted(listener),
                mechanism,
                quoted(claimed),
                quoted(reason),
            )
