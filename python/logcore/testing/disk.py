"""The disk of a broker under test: full, broken, or in order.

Invariant: the broker meets the system's own errors, at the calls where it would meet them; data
that was written before is untouched. Neighbours: `local_broker` has one per broker.
"""

import errno

from logcore.log.manager import Seams


class Disk:
    """The disk that a broker's logs are on.

    Args:
        seams: What the logs were opened with.

    Example:
        >>> from logcore.testing import LocalBroker
        >>> with LocalBroker() as broker:
        ...     broker.disk.fill()      # writes fail with ENOSPC from now on
        ...     broker.disk.repair()
    """

    def __init__(self, seams: Seams) -> None:
        self._seams = seams

    def fill(self, *, times: int | None = None) -> None:
        """Have writes fail because no space is left: the next `times`, None for all."""
        self._seams.fail("write", errno.ENOSPC, times=times)

    def break_writes(self, *, times: int | None = None) -> None:
        """Have writes fail with an input/output error: the next `times`, None for all."""
        self._seams.fail("write", errno.EIO, times=times)

    def break_syncs(self, *, times: int | None = None) -> None:
        """Have fsync fail with an input/output error: the next `times`, None for all."""
        self._seams.fail("sync", errno.EIO, times=times)

    def repair(self) -> None:
        """Have nothing fail any more. A log that failed stays offline until the broker restarts."""
        self._seams.heal()

    @property
    def failed_count(self) -> int:
        """How many calls were made to fail so far."""
        return self._seams.fault_count
