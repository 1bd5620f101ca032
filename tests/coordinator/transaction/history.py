"""What clients were told of their transactions, and whether readers see just that.

A transaction's values are seen by readers of committed records all or not at all: all if its commit
was confirmed, none if it was aborted or if nobody ever asked for its commit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.coordinator.transaction.bench import DataPartition


@dataclass
class Told:
    """One transaction as its producer saw it."""

    name: str
    written: list[tuple[tuple[str, int], str]] = field(default_factory=list)
    """Place and value of each write that was confirmed."""
    commit_asked: bool = False
    committed: bool = False
    aborted: bool = False

    @property
    def must_be_seen(self) -> bool | None:
        if self.committed:
            return True
        if self.aborted or not self.commit_asked:
            return False
        return None


class History:
    """All transactions of a run."""

    def __init__(self) -> None:
        self.transactions: list[Told] = []

    def begin(self) -> Told:
        self.transactions.append(Told(f"txn-{len(self.transactions)}"))
        return self.transactions[-1]

    def check(self, partitions: Mapping[tuple[str, int], DataPartition], *, is_over: bool) -> None:
        """Compare with what readers see; `is_over` says that nothing is open or under way."""
        seen = {place: partition.committed() for place, partition in partitions.items()}
        for place, partition in partitions.items():
            assert len(set(seen[place])) == len(seen[place]), f"{place}: seen twice"
            if is_over:
                assert not partition.open, f"{place}: a transaction hangs"
        for told in self.transactions:
            visible = [value in seen[place] for place, value in told.written]
            if told.must_be_seen is False:
                assert not any(visible), f"{told} was not committed"
            if is_over:
                assert len(set(visible)) <= 1, f"{told} is seen by half"
                if told.must_be_seen:
                    assert all(visible), f"{told} was committed"
