"""Operations are read out of bits; one that is not asked for is not told."""

from logcore.admin.operations import NOT_TOLD, operations_of
from logcore.common.access import Operation


def test_bits() -> None:
    assert operations_of(NOT_TOLD) is None
    assert operations_of(0) == frozenset()
    every = sum(1 << each for each in Operation)
    assert operations_of(every) == frozenset(Operation)
    assert operations_of(1 << 30) == frozenset(), "of a newer broker"
